"""
Puts all stored secrets under the newest key of FIELD_KEYS, while everything runs. Progress is not recorded: what is
under the newest key already is passed over, so that after a kill it is simply run again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from .encryption import Ciphertext, EncryptedTextField, UnreadableSecret, fernet

#: The rows of one transaction.
BATCH = 200

#: How often the secrets are gone through again for what processes that still write with an old key leave behind.
MAX_PASSES = 3

#: A primary key and a ciphertext.
Row = tuple[Any, str]


@dataclass(frozen=True)
class Unreadable:
    """A secret that no key of FIELD_KEYS opens."""

    model: type[models.Model]
    pk: object
    field: EncryptedTextField

    @property
    def row(self) -> models.Model:
        return self.model._base_manager.get(pk=self.pk)


@dataclass
class Rotation:
    """How many secrets were put under the newest key, how many were there already, and which cannot be read."""

    rotated: int = 0
    already: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    # Secrets that were again under an old key after the last pass: some process still writes with it.
    left: int = 0

    @property
    def old_keys_may_go(self) -> bool:
        return not self.left and not self.unreadable


def secret_fields() -> list[tuple[type[models.Model], EncryptedTextField]]:
    """Every encrypted field of every model, whichever app it lives in."""
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField)
    ]


def rotate() -> Rotation:
    """Put every stored secret under the newest key, and return the Rotation."""
    rotation = Rotation()
    rotation.rotated, rotation.already, rotation.unreadable = _pass()
    changed = rotation.rotated
    for _again in range(MAX_PASSES):
        if not changed:
            return rotation
        changed, _already, rotation.unreadable = _pass()
        rotation.rotated += changed
    rotation.left = changed
    return rotation


def _pass() -> tuple[int, int, list[Unreadable]]:
    """Go through all secrets: how many were rotated, how many were right, and the unreadable ones."""
    rotated, already = 0, 0
    unreadable: list[Unreadable] = []
    for model, secret in secret_fields():
        for rows in _batches(model, secret):
            new = {}
            for pk, old in rows:
                try:
                    new[pk] = renewed(old)
                except UnreadableSecret:
                    unreadable.append(Unreadable(model, pk, secret))
            already += sum(ciphertext is None for ciphertext in new.values())
            rotated += _replace(model, secret, [(pk, old, text) for pk, old in rows if (text := new.get(pk))])
    return rotated, already, unreadable


def _batches(model: type[models.Model], secret: EncryptedTextField) -> Iterator[list[Row]]:
    """The rows that hold a secret."""
    held = model._base_manager.exclude(**{f"{secret.name}__isnull": True}).order_by("pk")
    rows = held.annotate(stored=_stored(secret)).exclude(stored="").values_list("pk", "stored")
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:BATCH])


def _stored(secret: EncryptedTextField) -> Cast:
    """The ciphertext as the database has it; as a secret the field knows no look-up."""
    return Cast(secret.name, models.TextField())


def renewed(ciphertext: str) -> str | None:
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
def _replace(model: type[models.Model], secret: EncryptedTextField, changes: list[tuple[Any, str, str]]) -> int:
    """
    Write new ciphertexts (primary key, old, new) where the old ones still stand, since a secret entered meanwhile is
    newer than ours. Returns how many.
    """
    return sum(
        model._base_manager.annotate(stored=_stored(secret))
        .filter(pk=pk, stored=old)
        .update(**{secret.name: Ciphertext(new)})
        for pk, old, new in changes
    )


def first_unreadable() -> Unreadable | None:
    """An Unreadable among the oldest secrets of each field, or None: whether these are the right keys at all."""
    for model, secret in secret_fields():
        for pk, old in next(_batches(model, secret), [])[:1]:
            try:
                renewed(old)
            except UnreadableSecret:
                return Unreadable(model, pk, secret)
    return None
