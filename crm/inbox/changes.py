"""Whether anything changed in what a page of the inbox shows, told by one statement."""

from hashlib import sha256
from typing import Any

from django.db.models import F, Subquery
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from crm.conversations.thread import PAGE_SIZE

from .listing import conversations_of


def stamp(user: User, open_pk: int | None, *shown: Any) -> str:
    """
    A text that changes once there is something new for a person who has a conversation open, or none; `shown` is
    what else decides what they see. Ages change by the minute. Raises Http404 for a conversation they may not see.
    """
    facts = _facts(user, open_pk)
    who = (user.pk, user.acting_role, user.has_open_deletions, user.language)
    minute = timezone.now().strftime("%H:%M")
    return sha256(repr((facts, who, minute, open_pk, shown)).encode()).hexdigest()[:32]


def _facts(user: User, open_pk: int | None) -> list[Any]:
    newest = conversations_of(user).order_by("-updated_at").values("updated_at")[:1]
    if open_pk is None:
        return list(newest)
    opened = conversations_of(user).filter(pk=open_pk).annotate(newest=Subquery(newest))
    of_thread = opened.order_by(F("messages__timestamp").desc(), F("messages__pk").desc())
    facts = list(
        of_thread.values_list(
            "newest",
            "customer__revision",
            "messages__pk",
            "messages__status",
            "messages__media_file__state",
            "messages__media_file__due_at",
        )[: PAGE_SIZE + 1]
    )
    if not facts:
        raise Http404
    return facts
