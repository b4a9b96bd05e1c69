"""
Who looks at which conversation now, and who is writing there. It is kept in the cache for as long as a page goes on
saying so; without a cache nobody is seen, and everything else works.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from accounts.models import User

logger = logging.getLogger(__name__)

#: Seconds after which whoever has not been heard of is gone: a few questions of a page that is looked at.
SEEN_FOR = 12

#: Seconds for which somebody who touched a key is writing.
WRITES_FOR = 7

#: Seconds for which nothing new is written down of somebody who goes on looking.
KNOWN_FOR = 4


@dataclass(frozen=True)
class Colleague:
    """Somebody else who has a conversation before them."""

    pk: int
    name: str
    conversation: int
    is_writing: bool = False


def look(user: User, conversation_pk: int) -> None:
    """A person has this conversation before them."""
    people = _people(user)
    known = people.get(user.pk)
    now = time.time()
    if known and known["conversation"] == conversation_pk and now - known["seen"] < KNOWN_FOR:
        return
    writes = known["writes"] if known and known["conversation"] == conversation_pk else 0
    _keep(user, people, {"conversation": conversation_pk, "seen": now, "writes": writes})


def write(user: User, conversation_pk: int) -> None:
    """A person is writing in this conversation."""
    now = time.time()
    _keep(user, _people(user), {"conversation": conversation_pk, "seen": now, "writes": now})


def leave(user: User) -> None:
    """A person looks at no conversation any more."""
    people = _people(user)
    if people.pop(user.pk, None):
        _store(user, people)


def colleagues_of(user: User) -> list[Colleague]:
    """Who else of the business looks at a conversation now."""
    now = time.time()
    return [
        Colleague(pk, entry["name"], entry["conversation"], now - entry["writes"] < WRITES_FOR)
        for pk, entry in sorted(_people(user).items())
        if pk != user.pk and now - entry["seen"] < SEEN_FOR
    ]


def at(colleagues: Iterable[Colleague], conversation_pk: int) -> list[Colleague]:
    """Those of colleagues who look at a conversation."""
    return [colleague for colleague in colleagues if colleague.conversation == conversation_pk]


# One entry of the cache holds all of a business, so that a page asks once. Of two that write at once one is lost, and
# says so again with its next question.


def _key(user: User) -> str:
    return f"presence:{user.business_id}"


def _people(user: User) -> dict[int, dict[str, Any]]:
    if not user.business_id:
        return {}
    try:
        return cache.get(_key(user)) or {}
    except Exception:
        logger.warning("The cache cannot be reached: colleagues are not seen.")
        return {}


def _keep(user: User, people: dict[int, dict[str, Any]], entry: dict[str, Any]) -> None:
    now = time.time()
    here = {pk: known for pk, known in people.items() if now - known["seen"] < SEEN_FOR}
    _store(user, {**here, user.pk: {**entry, "name": str(user)}})


def _store(user: User, people: dict[int, dict[str, Any]]) -> None:
    if not user.business_id:
        return
    try:
        cache.set(_key(user), people, SEEN_FOR)
    except Exception:
        logger.warning("The cache cannot be reached: colleagues are not seen.")
