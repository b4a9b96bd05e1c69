"""
Bringing in customers from a file, or trying out what that would do.

Whoever is known already is brought up to date: a filled cell replaces what is known, an empty one leaves it as it is,
tags are added. Doing it again changes nothing, so whatever ended it in the middle, it can be done again.
"""

from dataclasses import dataclass, field
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database.bulk_update import insert_pairs, update_rows
from accounts.database.pacing import let_others_write
from accounts.refusals import Refusal
from crm.models import Customer, Tag
from crm.models.customer import attribute_text

from .customers import tags_named
from .file_format import Failure

#: Rows of a file that is imported while its sender waits.
AT_ONCE = 2000

#: Rows a transaction.
BATCH = 500

#: Tries of a batch while somebody else makes some of the same customers.
TRIES = 3

STORED = ("name", "attributes", "opted_out_at", "search_text")


@dataclass
class Outcome:
    """
    What an import did, or would do, in rows: every row makes a customer, is about a known one (`updated`, of which
    `changed` say something new and `opted_in` end an opt-out), or fails.
    """

    created: int = 0
    updated: int = 0
    changed: int = 0
    opted_in: int = 0
    failed: list[Failure] = field(default_factory=list)

    def add(self, other):
        self.created += other.created
        self.updated += other.updated
        self.changed += other.changed
        self.opted_in += other.opted_in
        self.failed += other.failed


def import_customers(business, file, apply=False):
    """
    The Outcome of importing a CustomerFile at once; without `apply` nothing is changed. Raises
    Refusal("too_many_rows"). Call it outside a transaction.
    """
    if file.count_rows() > AT_ONCE:
        raise Refusal(
            "too_many_rows",
            _(
                "By API at most %(most)d rows are imported at once. Split the file, or import it in the admin: it"
                " takes up to 200,000 rows under Customers → From a file."
            )
            % {"most": AT_ONCE},
            status=413,
        )
    outcome = Outcome()
    for rows in parts(file):
        if apply:
            let_others_write()
        outcome.add(take(business, rows, apply))
    return outcome


def parts(file, after=0):
    """The rows of a file below a row, as many at a time as are imported in a transaction."""
    rows = file.rows(after)
    while part := list(islice(rows, BATCH)):
        yield part


def take(business, rows, apply=False):
    """The Outcome of some rows of a file: imported, or tried out."""
    good = [row for row in rows if not isinstance(row, Failure)]
    outcome = store(business, good) if apply else Batch(business, good).outcome
    outcome.failed += [row for row in rows if isinstance(row, Failure)]
    outcome.failed.sort(key=lambda failure: failure.row)
    return outcome


def store(business, rows):
    """Import some rows in a transaction. Returns the outcome."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                batch = Batch(business, rows, locked=True)
                batch.store()
                return batch.outcome
        except IntegrityError:
            if attempt == TRIES:
                raise


class Batch:
    """Some rows of a file, and the customers as they are, or would be, after them."""

    def __init__(self, business, rows, locked=False):
        self.business = business
        self.new, self.changed, self.tagged = [], {}, []
        self.outcome = Outcome()
        self._find_known(rows, locked)
        for row in rows:
            self._take(row)

    def _find_known(self, rows, locked):
        identity = Q(phone__in=[row.phone for row in rows if row.phone])
        if user_ids := [row.whatsapp_user_id for row in rows if not row.phone]:
            identity |= Q(whatsapp_user_id__in=user_ids)
        known = Customer.objects.for_business(self.business).filter(identity).order_by("pk")
        if locked:
            known = known.select_for_update()
        self.by_phone, self.by_user_id, self.tags_of = {}, {}, {}
        for customer in known:
            self.by_phone[customer.phone] = self.by_user_id[customer.whatsapp_user_id] = customer
            self.tags_of[customer.pk] = set()
        for pk, name in Tag.objects.filter(customers__in=self.tags_of).values_list("customers", "name"):
            self.tags_of[pk].add(name)

    def _take(self, row):
        known = self.by_phone.get(row.phone) if row.phone else self.by_user_id.get(row.whatsapp_user_id)
        if known:
            self._update(known, row)
        elif row.phone:
            self._create(row)
        else:
            self.outcome.failed.append(Failure(row.row, _("You know nobody with this WhatsApp user ID.")))

    def _create(self, row):
        customer = Customer(business=self.business, phone=row.phone)
        bring_up_to_date(customer, row)
        self.new.append(customer)
        self.tagged.append((customer, row.tags))
        self.outcome.created += 1

    def _update(self, customer, row):
        was_opted_out = customer.opted_out
        has_news = bring_up_to_date(customer, row)
        new_tags = set(row.tags) - self.tags_of[customer.pk]
        if has_news:
            self.changed[customer.pk] = customer
        if new_tags:
            self.tagged.append((customer, new_tags))
        self.outcome.updated += 1
        self.outcome.changed += bool(has_news or new_tags)
        self.outcome.opted_in += was_opted_out and not customer.opted_out

    def store(self):
        for customer in (*self.new, *self.changed.values()):
            customer.set_search_text()
        Customer.objects.bulk_create(self.new)
        update_rows(
            Customer,
            ("id", *STORED),
            [[customer.pk, *(getattr(customer, name) for name in STORED)] for customer in self.changed.values()],
            {name: f"v.{name}" for name in STORED},
            where="t.id = v.id",
        )
        self._store_tags()

    def _store_tags(self):
        names = {name for _customer, names in self.tagged for name in names}
        pks = {tag.name: tag.pk for tag in tags_named(self.business.pk, sorted(names))} if names else {}
        insert_pairs(
            Customer.tags.through,
            ("customer", "tag"),
            [(customer.pk, pks[name]) for customer, names in self.tagged for name in names],
        )


def bring_up_to_date(customer, row):
    """Write what a row says on a customer, unsaved. Returns whether something was new."""
    before = (customer.name, customer.attributes, customer.opted_out_at)
    if row.name and row.name != customer.name.strip():
        customer.name = row.name
    news = {name: text for name, text in row.attributes.items() if is_new(customer.attributes, name, text)}
    customer.attributes = {**customer.attributes, **news}
    if row.opted_out is not None and row.opted_out != customer.opted_out:
        customer.opted_out_at = timezone.now() if row.opted_out else None
    return before != (customer.name, customer.attributes, customer.opted_out_at)


def is_new(attributes, name, text):
    """A value that was not touched keeps its type."""
    return name not in attributes or attribute_text(attributes[name]).strip() != text
