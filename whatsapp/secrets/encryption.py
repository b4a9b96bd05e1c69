"""Secrets at rest: Fernet keys from FIELD_KEYS, newest first."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Lookup
from django.db.models.query_utils import DeferredAttribute


class UnreadableSecret(Exception):
    """No key of FIELD_KEYS opens this secret."""


@lru_cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def fernet() -> MultiFernet:
    """All keys: encrypts with the newest, and decrypts with whichever fits."""
    return _fernet(tuple(settings.FIELD_KEYS))


class Secret(str):
    """A secret's text that does not print itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class Ciphertext(str):
    """A secret as the database has it."""

    __slots__ = ()


class SecretAttribute(DeferredAttribute):
    """Decrypts on first use, so that pages which only name the row need no key."""

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Ciphertext):
            value = vars(instance)[self.field.attname] = decrypt(value)
        return value

    def __set__(self, instance: models.Model, value: str | None) -> None:
        vars(instance)[self.field.attname] = value


def decrypt(ciphertext: str) -> Secret:
    """The secret of a ciphertext. Raises UnreadableSecret."""
    try:
        return Secret(fernet().decrypt(ciphertext.encode()).decode())
    except InvalidToken as error:
        raise UnreadableSecret(
            "A stored secret cannot be read with the keys in FIELD_KEYS. Put the old key back at its end."
        ) from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # Subscripted in stubs alone.
    """
    Text encrypted in the database. Using it with the wrong keys raises UnreadableSecret; the ciphertext is never
    handed out as if it were the secret. The only look-up is `isnull`; empty text is stored as it is.
    """

    descriptor_class = SecretAttribute

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if isinstance(value, Ciphertext):
            return str(value)
        return fernet().encrypt(value.encode()).decode() if value else value

    def from_db_value(
        self, value: str | None, expression: models.Expression, connection: BaseDatabaseWrapper
    ) -> str | None:
        return Ciphertext(value) if value else value

    def value_from_object(self, obj: models.Model) -> str:
        """Nothing: forms and serializers of rows start without the secret."""
        return ""

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        if lookup_name != "isnull":
            return None
        return super().get_lookup(lookup_name)


class HoldsSecrets(models.Model):
    """A model with encrypted fields: a secret that cannot be read does not disturb the use of the rest of the row."""

    class Meta:
        abstract = True

    @classmethod
    def secret_names(cls) -> set[str]:
        return {field.attname for field in cls._meta.concrete_fields if isinstance(field, EncryptedTextField)}

    def readable_secret(self, name: str) -> str | None:
        """The secret in a field; None when today's keys cannot read it."""
        try:
            secret: str = getattr(self, name)
        except UnreadableSecret:
            return None
        return secret

    def validate_constraints(self, exclude: Iterable[str] | None = None) -> None:
        """No constraint is about secrets."""
        super().validate_constraints({*(exclude or ()), *self.secret_names()})

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Self] | None = None,
    ) -> None:
        """Read the secrets as they are stored, without decrypting them."""
        if fields is not None:
            return super().refresh_from_db(using, fields, from_queryset)
        for name in self.secret_names():
            self.__dict__.pop(name, None)
        super().refresh_from_db(using, None, from_queryset)
        stored = type(self)._base_manager.using(self._state.db).values(*self.secret_names())
        self.__dict__.update(stored.get(pk=self.pk))
