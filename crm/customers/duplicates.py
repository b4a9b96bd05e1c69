"""Customers who are one person, by the spellings of a phone, and what somebody decided about them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import Business, User
from crm.models import Customer, CustomerMerge
from whatsapp.phone_numbers import canonical_phone

from .merge import locked, merge

#: The countries in which a phone is spelled in more than one way.
_COUNTRIES = ("+52", "+54", "+55")

#: How long a merge can be undone.
RETENTION = timedelta(days=90)

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pair:
    """Two customers who are one person: `source` is to be merged into `target`."""

    target: Customer
    source: Customer

    def moving(self) -> list[tuple[str, int]]:
        """What moves: (name of the rows, how many) of everything that the source has."""
        counts = []
        for relation in self.source._meta.related_objects:
            if relation.one_to_many or relation.one_to_one:
                model = relation.field.model
                count = model._base_manager.filter(**{relation.field.name: self.source}).count()
                counts.append((str(model._meta.verbose_name_plural), count))
        tags = self.source.tags.count()
        return [(name, count) for name, count in [*counts, (str(Customer.tags.field.verbose_name), tags)] if count]


def find(business: Business, limit: int | None = None) -> list[Pair]:
    """The pairs of customers of a business, at most `limit`, who are one person by their phones."""
    of_countries = Q()
    for code in _COUNTRIES:
        of_countries |= Q(phone__startswith=code)
    lines: dict[str, list[int]] = defaultdict(list)
    rows = Customer.objects.for_business(business).filter(of_countries).order_by("pk")
    for pk, phone in rows.values_list("pk", "phone").iterator():
        lines[canonical_phone(phone or "")].append(pk)
    groups = [pks for pks in lines.values() if len(pks) > 1]
    found: list[Pair] = []
    for pks in groups:
        found += _pairs(Customer.objects.filter(pk__in=pks))
        if limit and len(found) >= limit:
            break
    return found[:limit]


def pair_up(customers: Iterable[Customer]) -> list[Pair]:
    """Pairs of these customers, whom a person says to be one: the one who wrote last stays."""
    rows = Customer.objects.filter(pk__in=[customer.pk for customer in customers])
    by_news = rows.annotate(wrote_at=Max("conversations__last_inbound_at"))
    target, *sources = sorted(by_news, key=lambda row: (-(row.wrote_at or _LONG_AGO).timestamp(), row.pk))
    return [Pair(target, source) for source in sources]


def _pairs(customers: Iterable[Customer]) -> list[Pair]:
    customers = list(customers)
    apart = kept_apart(customers)
    return [pair for pair in pair_up(customers) if (pair.target.pk, pair.source.pk) not in apart]


def kept_apart(customers: Iterable[Customer]) -> set[tuple[int, int]]:
    """The pairs of ids, both ways round, of these customers whose merge somebody has undone."""
    pks = [customer.pk for customer in customers]
    undone = CustomerMerge.objects.filter(undone_at__isnull=False, customer__in=pks, source_pk__in=pks)
    pairs = set(undone.values_list("customer_id", "source_pk"))
    return pairs | {(source, target) for target, source in pairs}


@transaction.atomic
def merge_pair(pair: Pair, merged_by: User | None = None) -> CustomerMerge | None:
    """
    Merge a pair; what the target is not known by, a phone or a WhatsApp user id, it takes from the source. None when
    one of them is gone meanwhile.
    """
    found = {customer.pk: customer for customer in locked([pair.target, pair.source])}
    if len(found) < 2:
        return None
    target, source = found[pair.target.pk], found[pair.source.pk]
    done = merge(target, source, merged_by)
    fields = ("phone", "whatsapp_user_id", "username")
    values = {name: getattr(source, name) for name in fields if getattr(source, name) and not getattr(target, name)}
    if values:
        for name, value in values.items():
            setattr(target, name, value)
        target.save(update_fields=list(values))
    return done


def prune_merges() -> int:
    """Forget the merges that are too old to be undone. Returns how many."""
    old = CustomerMerge.objects.filter(undone_at=None, created_at__lt=timezone.now() - RETENTION)
    return old.delete()[0]
