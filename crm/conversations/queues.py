"""The queues in which people find conversations: what waits for them first."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from accounts.models import User
from crm.models import Conversation
from crm.models.conversation import is_snoozed

LATEST_FIRST = ("-last_message_at", "-id")


@dataclass(frozen=True)
class Queue:
    """A label, which conversations a person finds there, and in which order."""

    label: str | Promise
    condition: Callable[[User], Q]
    order: tuple[str, ...] = LATEST_FIRST


def _open() -> Q:
    return Q(status=Conversation.Status.OPEN) & ~is_snoozed()


#: By the names that addresses and programs use.
QUEUES: dict[str, Queue] = {
    "waiting": Queue(
        pgettext_lazy("queue", "Waiting"),
        lambda user: _open() & Q(waiting_since__isnull=False),
        order=("waiting_since", "id"),
    ),
    "mine": Queue(pgettext_lazy("queue", "Mine"), lambda user: _open() & Q(assignee=user.pk)),
    "unassigned": Queue(
        pgettext_lazy("queue", "Unassigned"), lambda user: _open() & Q(assignee__isnull=True, in_scenario=False)
    ),
    "bot": Queue(pgettext_lazy("queue", "With the bot"), lambda user: _open() & Q(in_scenario=True)),
    "open": Queue(pgettext_lazy("queue", "All open"), lambda user: _open()),
    "snoozed": Queue(
        pgettext_lazy("queue", "Snoozed"),
        lambda user: Q(status=Conversation.Status.OPEN) & is_snoozed(),
        order=("snoozed_until", "id"),
    ),
    "closed": Queue(pgettext_lazy("queue", "Closed"), lambda user: Q(status=Conversation.Status.CLOSED)),
}


def in_queue(conversations: QuerySet[Conversation], name: str, user: User) -> QuerySet[Conversation]:
    """The conversations that a person finds in a queue, in its order. Raises KeyError for a name that is none."""
    queue = QUEUES[name]
    return conversations.filter(queue.condition(user)).order_by(*queue.order)
