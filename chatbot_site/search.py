"""What a person finds from everywhere: customers, what was said, deals, and what has a name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import pgettext_lazy

from accounts.models import User
from accounts.tenancy.scope import scope
from bots.models import BotScenario
from broadcasts.models import Broadcast
from crm.customers.search import matching
from crm.models import Customer, Deal, Message
from crm.search.excerpts import Part, excerpt
from crm.search.messages import find_messages
from crm.search.words import MAX_QUERY, Query

#: Of what is typed, so many letters and digits are needed.
MIN_LETTERS = 2
#: What a note is called, where others have their origin.
NOTE = pgettext_lazy("message", "Note")
#: Rows of a group.
LIMIT = 10
#: So many of the newest deals, scenarios and broadcasts are looked through by their names.
NAMED = 1000


@dataclass(frozen=True)
class Hit:
    """A row that was found: where its page is, what it is called, and why it was found."""

    url: str
    name: str
    parts: list[Part] = field(default_factory=list)
    at: datetime | None = None
    more: str = ""
    #: Where one writes to the customer.
    write_url: str = ""


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `url` is the list with all of it."""

    key: str
    label: str
    hits: list[Hit]
    url: str


def is_too_short(typed: str) -> bool:
    return sum(map(str.isalnum, typed)) < MIN_LETTERS


def search(typed: str, person: User) -> list[Group]:
    """What a person finds, group by group: of what they may view, in their business."""
    typed, found = typed[:MAX_QUERY], _Search(typed[:MAX_QUERY], person)
    groups = (found.customers(), found.messages(), found.deals(), found.scenarios(), found.broadcasts())
    return [group for group in groups if group.hits]


class _Search:
    def __init__(self, typed: str, person: User) -> None:
        self.typed, self.person = typed, person
        self.query = Query.of(typed)
        self.country = person.business.country if person.business else "RU"

    def rows(self, model: type[Model]) -> QuerySet[Any]:
        """The rows of a model that the person may view; none where that is not theirs."""
        rows: QuerySet[Any] = model._default_manager.all()
        may_view = self.person.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
        return scope(rows, self.person) if may_view else rows.none()

    def group(self, model: type[Model], hits: Iterable[Hit]) -> Group:
        options = model._meta
        url = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
        label = capfirst(str(options.verbose_name_plural))
        return Group(str(options.model_name), label, list(hits), f"{url}?{urlencode({'q': self.typed})}")

    def customers(self) -> Group:
        return self.group(Customer, map(_of_customer, self._matching_customers()[:LIMIT]))

    def _matching_customers(self) -> QuerySet[Customer]:
        return matching(self.rows(Customer), self.typed, self.country)

    def messages(self) -> Group:
        rows, business_id = self.rows(Message), self.person.business_id
        pks = find_messages(rows, business_id, self.typed, limit=LIMIT) if business_id else []
        found = rows.filter(pk__in=pks).select_related("conversation__customer").in_bulk()
        return self.group(Message, (self._of_message(found[pk]) for pk in pks if pk in found))

    def _of_message(self, message: Message) -> Hit:
        return Hit(
            dialogue_url(message.conversation_id),
            str(message.conversation.customer),
            excerpt(message.text, self.query),
            message.timestamp,
            str(NOTE) if message.direction == Message.Direction.INTERNAL else message.get_origin_display(),
        )

    def deals(self) -> Group:
        deals = self.rows(Deal).select_related("customer", "stage")
        by_title = self._named(deals, "title")
        by_customer = deals.filter(customer__in=self._matching_customers().order_by().values("pk"))[:LIMIT]
        found = {deal.pk: deal for deal in (*deals.filter(pk__in=by_title), *by_customer)}
        hits = (
            Hit(
                reverse("admin:crm_deal_change", args=[deal.pk]),
                str(deal.customer),
                self._marked(deal.title),
                deal.created_at,
                str(deal.stage),
            )
            for deal in list(found.values())[:LIMIT]
        )
        return self.group(Deal, hits)

    def scenarios(self) -> Group:
        return self.group(BotScenario, self._with_name(BotScenario))

    def broadcasts(self) -> Group:
        return self.group(Broadcast, self._with_name(Broadcast))

    def _with_name(self, model: type[Model]) -> Iterator[Hit]:
        """Rows that have a name, which is shown with the words of the query."""
        options, rows = model._meta, self.rows(model)
        for pk, name in rows.filter(pk__in=self._named(rows, "name")).values_list("pk", "name"):
            yield Hit(
                reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[pk]), "", self._marked(name)
            )

    def _named(self, rows: QuerySet[Any], column: str) -> list[int]:
        """The ids of the newest rows whose name has the words of the query."""
        has_words = self.query.matcher()
        names = rows.order_by("-pk").values_list("pk", column)[:NAMED] if self.query.words else []
        return [pk for pk, name in names if has_words(name)][:LIMIT]

    def _marked(self, text: str) -> list[Part]:
        return excerpt(text, self.query)


def _of_customer(customer: Customer) -> Hit:
    identity = customer.readable_identity
    return Hit(
        reverse("admin:crm_customer_change", args=[customer.pk]),
        str(customer),
        more="" if identity == str(customer) else identity,
        write_url=reverse("admin:crm_customer_write", args=[customer.pk]),
    )


def dialogue_url(conversation_id: int) -> str:
    """Where a conversation is read and answered."""
    return reverse("admin:crm_inbox_conversation", args=[conversation_id])
