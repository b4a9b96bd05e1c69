"""Secrets at rest: Fernet keys from FIELD_KEYS, newest first."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.models.query_utils import DeferredAttribute


class UnreadableSecret(Exception):
    """No key of FIELD_KEYS opens this secret."""


@lru_cache
def _fernet(keys):
    return MultiFernet([Fernet(key) for key in keys])


def fernet():
    return _fernet(tuple(settings.FIELD_KEYS))


class Secret(str):
    """A secret's text that does not print itself."""

    __slots__ = ()

    def __repr__(self):
        return "<secret>"


class Ciphertext(str):
    """A secret as the database has it."""

    __slots__ = ()


class SecretAttribute(DeferredAttribute):
    """Decrypts on first use, so that pages which only name the row need no key."""

    def __get__(self, instance, cls=None):
        value = super().__get__(instance, cls)
        if isinstance(value, Ciphertext):
            value = instance.__dict__[self.field.attname] = decrypt(value)
        return value

    def __set__(self, instance, value):
        instance.__dict__[self.field.attname] = value


def decrypt(ciphertext):
    try:
        return Secret(fernet().decrypt(ciphertext.encode()).decode())
    except InvalidToken as error:
        raise UnreadableSecret(
            "A stored secret cannot be read with the keys in FIELD_KEYS. Put the old key back at its end."
        ) from error


class EncryptedTextField(models.TextField):
    """
    Text encrypted in the database. Using it with the wrong keys raises UnreadableSecret; the ciphertext is never
    handed out as if it were the secret. The only look-up is `isnull`; empty text is stored as it is.
    """

    descriptor_class = SecretAttribute

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        if isinstance(value, Ciphertext):
            return str(value)
        return fernet().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value, expression, connection):
        return Ciphertext(value) if value else value

    def value_from_object(self, obj):
        """Nothing: forms and serializers of rows start without the secret."""
        return ""

    def get_lookup(self, lookup_name):
        if lookup_name != "isnull":
            return None
        return super().get_lookup(lookup_name)


class HoldsSecrets:
    """A model with encrypted fields: one that cannot be read troubles nobody who uses the rest of the row."""

    @classmethod
    def secret_names(cls):
        return {field.attname for field in cls._meta.concrete_fields if isinstance(field, EncryptedTextField)}

    def validate_constraints(self, exclude=None):
        """No constraint speaks of secrets."""
        super().validate_constraints({*(exclude or ()), *self.secret_names()})

    def refresh_from_db(self, using=None, fields=None, from_queryset=None):
        """Secrets are taken over as they are stored."""
        if fields is not None:
            return super().refresh_from_db(using, fields, from_queryset)
        for name in self.secret_names():
            self.__dict__.pop(name, None)
        super().refresh_from_db(using, None, from_queryset)
        stored = type(self)._base_manager.using(self._state.db).values(*self.secret_names())
        self.__dict__.update(stored.get(pk=self.pk))
