"""
Imports customers from a file, or tries out what that would do.

Known customers are updated: a filled cell replaces what is stored, an empty one leaves it as it is, tags are added.
Importing a file again changes nothing, so an import that was cut off is simply repeated.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database.bulk_insert import insert_rows
from accounts.database.bulk_update import update_rows
from accounts.database.pacing import let_others_write
from accounts.models import Business
from accounts.refusals import Refusal
from crm.models import Customer, Tag
from crm.models.customer import attribute_text
from crm.normalization import fold_tag
from whatsapp.phone_numbers import canonical_phone, variants_of

from ..tags import get_or_create_tags
from . import column_mappings
from .file_format import CustomerFile, Failure, Row
from .table import Column

#: Rows of a file that is imported by one call of the API.
MAX_API_ROWS = 2000

#: Rows a transaction.
BATCH = 500

#: Attempts to import a batch while somebody else creates some of the same customers.
MAX_ATTEMPTS = 3

_COLUMNS = ("name", "attributes", "opted_out_at", "search_text")


@dataclass
class Outcome:
    """
    What an import did, or would do, in rows: every row creates a customer, is about a known one (`updated`, of which
    `changed` change something and `opted_in` end an opt-out), or fails.
    """

    created: int = 0
    updated: int = 0
    changed: int = 0
    opted_in: int = 0
    failed: list[Failure] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.created += other.created
        self.updated += other.updated
        self.changed += other.changed
        self.opted_in += other.opted_in
        self.failed += other.failed


class UnsureColumns(Refusal):
    """It is not clear what the columns of a file are; `columns` tells what is known of each."""

    def __init__(self, doubts: list[str], columns: list[Column]) -> None:
        super().__init__("unsure_columns", " ".join(doubts), status=400)
        self.columns = columns


def import_customers(business: Business, file: CustomerFile, apply: bool = False) -> Outcome:
    """
    The Outcome of importing a CustomerFile at once; without `apply` nothing is changed. Raises
    Refusal("too_many_rows") and UnsureColumns. Call it outside a transaction.
    """
    if not file.are_chosen and (doubts := column_mappings.doubts(business, file.table)):
        raise UnsureColumns(doubts, file.table.described())
    if file.count_rows() > MAX_API_ROWS:
        raise Refusal(
            "too_many_rows",
            _(
                "The API imports at most %(most)d rows at once. Split the file, or import it in the admin:"
                " it takes up to 200,000 rows under Customers → From a file."
            )
            % {"most": MAX_API_ROWS},
            status=413,
        )
    outcome = Outcome()
    for rows in batches(file):
        if apply:
            let_others_write()
        outcome.add(import_rows(business, rows, apply))
    return outcome


def batches(file: CustomerFile, after: int = 0) -> Iterator[list[Row | Failure]]:
    """The rows of a file below row `after`, as many at a time as are imported in a transaction."""
    rows = file.rows(after)
    while batch := list(islice(rows, BATCH)):
        yield batch


def import_rows(business: Business, rows: Sequence[Row | Failure], apply: bool = False) -> Outcome:
    """Import some rows of a file; without `apply`, try out what that would do."""
    good = [row for row in rows if not isinstance(row, Failure)]
    outcome = _store(business, good) if apply else Batch(business, good).outcome
    outcome.failed += [row for row in rows if isinstance(row, Failure)]
    outcome.failed.sort(key=lambda failure: failure.row)
    return outcome


def _store(business: Business, rows: list[Row]) -> Outcome:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            with transaction.atomic():
                batch = Batch(business, rows, locked=True)
                batch.store()
                return batch.outcome
        except IntegrityError:
            if attempt == MAX_ATTEMPTS:
                raise
    raise AssertionError


class Batch:
    """Some rows of a file, and the customers as they are, or would be, after them."""

    def __init__(self, business: Business, rows: list[Row], locked: bool = False) -> None:
        self.business = business
        self.new: list[Customer] = []
        self.changed: dict[int, Customer] = {}
        self.tagged: list[tuple[Customer, Collection[str]]] = []
        self.outcome = Outcome()
        self._find_known(rows, locked)
        for row in rows:
            self._apply(row)

    def _find_known(self, rows: list[Row], locked: bool) -> None:
        identity = Q(phone__in=[phone for row in rows if row.phone for phone in variants_of(row.phone)])
        if user_ids := [row.whatsapp_user_id for row in rows if not row.phone]:
            identity |= Q(whatsapp_user_id__in=user_ids)
        known = Customer.objects.for_business(self.business).filter(identity).order_by("pk")
        if locked:
            known = known.select_for_update()
        self.by_phone: dict[str | None, Customer] = {}
        self.by_line: dict[str, Customer] = {}
        self.by_user_id: dict[str | None, Customer] = {}
        self.tags_of: dict[int, set[str]] = {}
        for customer in known:
            self.by_phone[customer.phone] = self.by_user_id[customer.whatsapp_user_id] = customer
            if customer.phone:
                self.by_line[canonical_phone(customer.phone)] = customer
            self.tags_of[customer.pk] = set()
        for pk, name in Tag.objects.filter(customers__in=self.tags_of).values_list("customers", "name"):
            self.tags_of[pk].add(fold_tag(name))

    def _apply(self, row: Row) -> None:
        if known := self._known(row):
            self._update(known, row)
        elif row.phone:
            self._create(row)
        else:
            self.outcome.failed.append(Failure(row.row, _("You know nobody with this WhatsApp user ID.")))

    def _known(self, row: Row) -> Customer | None:
        if row.phone:
            return self.by_phone.get(row.phone) or self.by_line.get(canonical_phone(row.phone))
        return self.by_user_id.get(row.whatsapp_user_id)

    def _create(self, row: Row) -> None:
        customer = Customer(business=self.business, phone=row.phone)
        _fill_in(customer, row)
        self.new.append(customer)
        self.tagged.append((customer, row.tags))
        self.outcome.created += 1

    def _update(self, customer: Customer, row: Row) -> None:
        was_opted_out = customer.opted_out
        is_changed = _fill_in(customer, row)
        new_tags = [name for name in row.tags if fold_tag(name) not in self.tags_of[customer.pk]]
        if is_changed:
            self.changed[customer.pk] = customer
        if new_tags:
            self.tagged.append((customer, new_tags))
        self.outcome.updated += 1
        self.outcome.changed += bool(is_changed or new_tags)
        self.outcome.opted_in += was_opted_out and not customer.opted_out

    def store(self) -> None:
        """Write the customers and their tags, in few statements however many there are."""
        for customer in (*self.new, *self.changed.values()):
            customer.derive()
        Customer.objects.bulk_create(self.new)
        update_rows(
            Customer,
            ("id", *_COLUMNS),
            [[customer.pk, *(getattr(customer, name) for name in _COLUMNS)] for customer in self.changed.values()],
            {**{name: f"v.{name}" for name in _COLUMNS}, "revision": "t.revision + 1"},
            where="t.id = v.id",
        )
        self._store_tags()

    def _store_tags(self) -> None:
        names = dict.fromkeys(name for _customer, names in self.tagged for name in names)
        found = get_or_create_tags(self.business.pk, names) if names else []
        pks = {fold_tag(tag.name): tag.pk for tag in found}
        insert_rows(
            Customer.tags.through,
            ("customer", "tag"),
            [(customer.pk, pks[fold_tag(name)]) for customer, names in self.tagged for name in names],
        )
        known = {customer.pk for customer, _names in self.tagged if customer.pk in self.tags_of}
        Customer.objects.filter(pk__in=known - self.changed.keys()).update(revision=F("revision") + 1)


def _fill_in(customer: Customer, row: Row) -> bool:
    """Put what a row says into a customer, unsaved. Returns whether something changed."""
    before = (customer.name, customer.attributes, customer.opted_out_at)
    if row.name and row.name != customer.name.strip():
        customer.name = row.name
    changed = {name: text for name, text in row.attributes.items() if _is_changed(customer.attributes, name, text)}
    customer.attributes = {**customer.attributes, **changed}
    if row.opted_out is not None and row.opted_out != customer.opted_out:
        customer.opted_out_at = timezone.now() if row.opted_out else None
    return before != (customer.name, customer.attributes, customer.opted_out_at)


def _is_changed(attributes: dict[str, Any], name: str, text: str) -> bool:
    """A value that stays the same for its reader keeps its type."""
    return name not in attributes or attribute_text(attributes[name]).strip() != text
