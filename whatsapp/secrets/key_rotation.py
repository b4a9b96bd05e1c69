"""
Puts all stored secrets under the newest key of FIELD_KEYS, while everything runs. Nothing is kept of how far it is:
what is under the newest key already is passed over, so that after a kill it is simply run again.
"""

from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from .encryption import Ciphertext, EncryptedTextField, UnreadableSecret, fernet

#: The rows of one transaction.
BATCH = 200

#: What processes that still write with an old key leave behind is looked for so often again.
MOST_PASSES = 3


@dataclass(frozen=True)
class Unreadable:
    """A secret that no key of FIELD_KEYS opens."""

    model: type[models.Model]
    pk: object
    field: EncryptedTextField

    @property
    def row(self):
        return self.model._base_manager.get(pk=self.pk)


@dataclass
class Rotation:
    """How many secrets were put under the newest key, how many were there, and which cannot be read."""

    rotated: int = 0
    already: int = 0
    unreadable: list = field(default_factory=list)
    # Secrets that were again under an old key after the last pass: some process still writes with it.
    left: int = 0

    @property
    def old_keys_may_go(self):
        return not self.left and not self.unreadable


def secret_fields():
    """Every encrypted field of every model, whichever app it lives in."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField)
    ]


def rotate():
    """Put every stored secret under the newest key, and return the Rotation."""
    rotation = Rotation()
    rotation.rotated, rotation.already, rotation.unreadable = _pass()
    changed = rotation.rotated
    for _again in range(MOST_PASSES):
        if not changed:
            return rotation
        changed, _already, rotation.unreadable = _pass()
        rotation.rotated += changed
    rotation.left = changed
    return rotation


def _pass():
    """Look at every secret once: how many were rotated, how many were right, and the unreadable ones."""
    rotated, already, unreadable = 0, 0, []
    for model, secret in secret_fields():
        for rows in _batches(model, secret):
            new = {}
            for pk, old in rows:
                try:
                    new[pk] = renewed(old)
                except UnreadableSecret:
                    unreadable.append(Unreadable(model, pk, secret))
            already += sum(ciphertext is None for ciphertext in new.values())
            rotated += _replace(model, secret, [(pk, old, new[pk]) for pk, old in rows if new.get(pk)])
    return rotated, already, unreadable


def _batches(model, secret):
    """The rows that hold a secret, as pairs of primary key and ciphertext."""
    rows = model._base_manager.exclude(**{f"{secret.name}__isnull": True}).order_by("pk")
    rows = rows.annotate(stored=_stored(secret)).exclude(stored="").values_list("pk", "stored")
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:BATCH])


def _stored(secret):
    """The ciphertext as the database has it; as a secret the field knows no look-up."""
    return Cast(secret.name, models.TextField())


def renewed(ciphertext):
    """The secret under the newest key, or None when it is. Raises UnreadableSecret."""
    try:
        Fernet(settings.FIELD_KEYS[0]).decrypt(ciphertext)
        return None
    except InvalidToken:
        pass
    try:
        return fernet().rotate(ciphertext).decode()
    except InvalidToken as error:
        raise UnreadableSecret from error


@transaction.atomic
def _replace(model, secret, changes):
    """Write new ciphertexts where the old ones still stand: a secret entered meanwhile is newer than ours."""
    return sum(
        model._base_manager.annotate(stored=_stored(secret))
        .filter(pk=pk, stored=old)
        .update(**{secret.name: Ciphertext(new)})
        for pk, old, new in changes
    )


def first_unreadable():
    """An Unreadable among the oldest secrets of each field, or None: whether these are the right keys at all."""
    for model, secret in secret_fields():
        for pk, old in next(_batches(model, secret), [])[:1]:
            try:
                renewed(old)
            except UnreadableSecret:
                return Unreadable(model, pk, secret)
    return None
