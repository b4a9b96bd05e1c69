"""Why a bot said something: the turn of the bot in which it did, where the bots keep one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import NoReverseMatch, reverse

from crm.conversations.thread import Entry
from crm.models import Conversation, Message

#: What a turn says is written down in the same transaction as the turn.
SAME_TURN = timedelta(seconds=5)


@dataclass(frozen=True)
class Reason:
    """The steps that a bot went through, and the address of the page that tells the rest."""

    steps: str
    url: str


def explain(conversation: Conversation, entries: Iterable[Entry]) -> None:
    """Put beside what bots said the reason for it, in one statement."""
    said = [entry for entry in entries if isinstance(entry.row, Message) and entry.row.origin == Message.Origin.BOT]
    turns = getattr(conversation, "bot_turns", None)
    if not said or turns is None:
        return
    moments = [_stored(entry) for entry in said]
    near = turns.filter(created_at__gte=min(moments) - SAME_TURN, created_at__lte=max(moments) + SAME_TURN)
    known = list(near.order_by("created_at").values_list("pk", "created_at", "path"))
    for entry in said:
        nearest = min(known, key=lambda turn: abs(turn[1] - _stored(entry)), default=None)
        if nearest and abs(nearest[1] - _stored(entry)) <= SAME_TURN:
            entry.reason = _reason(*nearest)


def _stored(entry: Entry) -> Any:
    return entry.row.created_at  # type: ignore[attr-defined]


def _reason(pk: int, _created_at: Any, path: Any) -> Reason | None:
    try:
        url = reverse("admin:bots_botturn_change", args=[pk])
    except NoReverseMatch:
        return None
    return Reason(" → ".join(map(str, path[-2:])) if isinstance(path, list) else "", url)
