"""The rows of a business, and how many there are."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db.models import Count, IntegerField, QuerySet, Value

from accounts.models import Business, Deletion

Name = TypeVar("Name")

#: All rows of a model that a business has.
Rows = Callable[[Any], Any]


def rows_of(business: Business) -> Rows:
    """What the rows of a business are asked of. To leave out what is being deleted, each row would have to be read."""
    if Deletion.objects.open().exists():
        return lambda model: model.objects.for_business(business)
    return lambda model: model.objects.filter(business=business)


def counts(asked: Mapping[Name, QuerySet[Any]]) -> dict[Name, int]:
    """How many rows there are of each, in one statement."""
    found = dict.fromkeys(asked, 0)
    parts = [
        rows.order_by().annotate(asked=Value(place, IntegerField())).values("asked").annotate(rows=Count("pk"))
        for place, rows in enumerate(asked.values())
    ]
    if not parts:
        return found
    names = list(asked)
    for row in parts[0].union(*parts[1:], all=True):
        found[names[row["asked"]]] = row["rows"]
    return found
