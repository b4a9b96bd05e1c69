"""What an address of the inbox says: what a person chose to see."""

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from accounts.models import User
from accounts.tenancy.scope import scope
from crm.conversations.queues import QUEUES
from crm.inbox.listing import MAX_ROWS, NOBODY, PAGE_SIZE, Choice
from crm.models import Tag
from whatsapp.models import WhatsAppNumber

#: A number that a database can look up.
_DIGITS = 18


def choice_of(query: QueryDict) -> Choice:
    """What is chosen; what makes no sense is as if it were not there."""
    queue = query.get("queue", "")
    assignee = query.get("assignee", "")
    return Choice(
        queue=queue if queue in QUEUES else "waiting",
        number=number_of(query.get("number")),
        tag=number_of(query.get("tag")),
        assignee=assignee if assignee == NOBODY or number_of(assignee) else "",
        is_closing=bool(query.get("closing")),
        search=query.get("search", "").strip()[:100],
    )


def query_of(choice: Choice, **changes: Any) -> str:
    """The query string of a choice, with its question mark; what is not chosen is left out."""
    values = {**asdict(choice), **changes}
    closing = values.pop("is_closing")
    values["closing"] = "yes" if closing else ""
    chosen = {name: value for name, value in values.items() if value and (name, value) != ("queue", "waiting")}
    return f"?{urlencode(chosen)}" if chosen else ""


def rows_of(query: QueryDict) -> int:
    """How many rows a page shows already."""
    return min(max(number_of(query.get("rows")) or 0, PAGE_SIZE), MAX_ROWS)


def number_of(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


@dataclass(frozen=True)
class Filters:
    """What a list can be narrowed by."""

    numbers: list[WhatsAppNumber]
    tags: list[Tag]
    people: list[User]


#: Tags that the filter offers.
MAX_TAGS = 200


def filters_for(user: User) -> Filters:
    """The numbers, tags and people of a person's business."""
    return Filters(
        numbers=list(scope(WhatsAppNumber.objects.order_by("name", "pk"), user)),
        tags=list(scope(Tag.objects.order_by("name", "pk"), user)[:MAX_TAGS]),
        people=people_of(user.business_id),
    )


def people_of(business_id: int | None) -> list[User]:
    """Who of a business may sign in; nobody where there is none."""
    if business_id is None:
        return []
    return list(User.objects.filter(is_active=True, business=business_id).order_by("name", "email"))
