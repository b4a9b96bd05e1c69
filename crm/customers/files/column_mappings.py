"""
What people chose for the columns of their files, remembered for files with the same headings in whatever order.

A file that has no headings is not recognised again.
"""

from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.refusals import Refusal
from crm.models import ColumnMapping
from crm.normalization import normalize, trim

from ..known_attributes import attribute_names
from .columns import ATTRIBUTE_PREFIX, HEADINGS
from .table import Table

#: Choices of a business that are kept, the latest ones.
MAX_REMEMBERED = 100

#: Characters of the name of an attribute that a program chooses.
MAX_ATTRIBUTE_NAME = 100


def doubts(business: Business, table: Table) -> list[str]:
    """Sentences on what is unclear about the columns of a file of the business."""
    return table.doubts(lambda name: name in attribute_names(business))


def remember(business: Business, table: Table, columns: list[str]) -> None:
    """Use a choice for the next file with these headings."""
    if not table.heading_row:
        return
    pairs = list(zip(_normalized(table), columns, strict=True))
    ColumnMapping.objects.update_or_create(business=business, headings=_digest(table), defaults={"columns": pairs})
    own = ColumnMapping.objects.for_business(business)
    old = own.order_by("-chosen_at", "-pk").values_list("pk", flat=True)[MAX_REMEMBERED:]
    own.filter(pk__in=list(old)).delete()


def remembered(business: Business, table: Table) -> list[str] | None:
    """What was chosen for the columns of a file with these headings."""
    found = ColumnMapping.objects.for_business(business).filter(headings=_digest(table)).first()
    if not table.heading_row or found is None:
        return None
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for heading, column in found.columns:
        waiting[heading].append(column)
    return [waiting[heading].pop(0) for heading in _normalized(table)]


def _normalized(table: Table) -> list[str]:
    return [trim(normalize(table.heading(place))) for place in range(table.width)]


def _digest(table: Table) -> str:
    return sha256("\n".join(sorted(_normalized(table))).encode()).hexdigest()


def columns_by_heading(table: Table, chosen: Mapping[str, str]) -> list[str]:
    """
    The columns of a table by what a program says of each: heading, or letter where that heads none, → column. What it
    does not name is not imported. Raises Refusal("wrong_columns").
    """
    described = table.described()
    columns = [""] * len(described)
    for name, column in chosen.items():
        places = [place for place, known in enumerate(described) if known.heading == name.strip()]
        places = places or [place for place, known in enumerate(described) if known.letter == name.strip().upper()]
        if not places:
            sentence = _("The file has no column “%(name)s”.") % {"name": name[:40]}
            raise Refusal("wrong_columns", sentence, status=400)
        for place in places:
            columns[place] = checked_column(column)
    return columns


def checked_column(column: str) -> str:
    """What was chosen for a column, if there is such a thing. Raises Refusal("wrong_columns")."""
    name = column.removeprefix(ATTRIBUTE_PREFIX).strip()
    if not column or column in HEADINGS:
        return column
    if column.startswith(ATTRIBUTE_PREFIX) and 0 < len(name) <= MAX_ATTRIBUTE_NAME:
        return f"{ATTRIBUTE_PREFIX}{name}"
    known = ", ".join([*HEADINGS, f"{ATTRIBUTE_PREFIX}…"])
    sentence = _("A column is one of these: %(known)s, or empty so that it is not imported; not “%(column)s”.")
    raise Refusal("wrong_columns", sentence % {"known": known, "column": column[:40]}, status=400)
