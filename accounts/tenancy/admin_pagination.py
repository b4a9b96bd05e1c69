"""Pages of the admin's long lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from .list_places import END, ColumnOrder, Place

if TYPE_CHECKING:
    Base = Paginator[Any]
else:
    Base = Paginator

#: Rows are counted up to the first multiple of this beyond the page.
STEP = 10_000

#: No list is shown beyond this page, whatever its address asks for.
MAX_PAGE = 1_000_000


class LongListPaginator(Base):
    """
    Pages of a list that may have millions of rows. They are counted no further than a step beyond the page shown: to
    count all takes longer than to show fifty.

    In an `order` of columns only the first step has numbered pages. Each page after these is a `place`, found by the
    row before it, as in the API: rows that are skipped by number are all read.
    """

    def __init__(
        self,
        queryset: QuerySet[Any],
        per_page: int,
        *args: Any,
        asked_page: int = 1,
        order: ColumnOrder | None = None,
        place: Place | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(queryset, per_page, *args, **kwargs)
        self.queryset = queryset
        self.order = order
        self.place = place
        #: The pages beside the one shown, as an address names them; None where there is none.
        self.previous: str | None = None
        self.next: str | None = None
        last_row = min(max(asked_page, 1), MAX_PAGE) * self.per_page
        self.reach = (last_row // STEP + 1) * STEP

    @cached_property
    def count(self) -> int:
        """The number of rows, or how far they were counted."""
        return min(self._counted, self.reach)

    @property
    def has_uncounted_rows(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._counted > self.reach

    @cached_property
    def _counted(self) -> int:
        return self.queryset.order_by().values("pk")[: self.reach + 1].count()

    def page(self, number: int | str) -> Page[Any]:
        """The page with a number; at a place, the one there."""
        found = self._page_at(self.order, self.place) if self.order and self.place else None
        if found:
            return found
        self.place = None
        # An address may be of a page that is gone: then the last one is shown, with the same filters.
        number = min(max(int(number), 1), self.num_pages)
        rows = self._rows(self.queryset, first=(number - 1) * self.per_page)[: self.per_page]
        if self.has_uncounted_rows:
            self.previous = str(number - 1) if number > 1 else None
            self.next = str(number + 1) if number < self.num_pages else self._after(rows)
        return self._page_of(rows, number)

    def _page_at(self, order: ColumnOrder, place: Place) -> Page[Any] | None:
        """The page at a place; None where there are no rows, or those of the first page, which has a number."""
        there = self.queryset.filter(order.rows_at(place))
        found = self._rows(there if place.is_after else there.reverse())
        rows, has_more = found[: self.per_page], len(found) > self.per_page
        if not rows or not (place.is_after or has_more):
            return None
        if not place.is_after:
            rows.reverse()
        self.previous = str(Place(is_after=False, values=rows[0][1:]))
        has_next = has_more if place.is_after else place != END
        self.next = self._after(rows) if has_next else None
        return self._page_of(rows, 1)

    def _rows(self, queryset: QuerySet[Any], first: int = 0) -> list[tuple[Any, ...]]:
        """
        The keys of a page's rows and of one more, with what they are ordered by. Of the rows that are skipped, an
        index is read and nothing else.
        """
        names = self.order.names if self.order else []
        return list(queryset.values_list("pk", *names)[first : first + self.per_page + 1])

    def _page_of(self, rows: list[tuple[Any, ...]], number: int) -> Page[Any]:
        return Page(self.queryset.filter(pk__in=[row[0] for row in rows]), number, self)

    def _after(self, rows: list[tuple[Any, ...]]) -> str | None:
        """The page after these rows, where an order says what comes after them."""
        return str(Place(is_after=True, values=rows[-1][1:])) if self.order else None


class LongChangeList(ChangeList):
    """A list of the admin in pages of a LongListPaginator."""

    paginator: LongListPaginator

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.page_num = min(max(self.page_num, 1), self.paginator.num_pages)

    def page_links(self) -> list[tuple[str, str, str]]:
        """The links that a list has beside the numbers, or in their place, when not all its rows were counted."""
        pages = self.paginator
        if not (pages.has_uncounted_rows or pages.place):
            return []
        links = [
            ("first", _("First page"), "1" if pages.place else None),
            ("prev", _("Previous page"), pages.previous),
            ("next", _("Next page"), pages.next),
            ("last", _("Last page"), str(END) if pages.order and pages.next else None),
        ]
        return [(rel, text, self.get_query_string({PAGE_VAR: page})) for rel, text, page in links if page]


def paginator_for(request: HttpRequest, queryset: QuerySet[Any], per_page: int, **kwargs: Any) -> LongListPaginator:
    """The pages of a list, for the one that the address asks for."""
    asked = request.GET.get(PAGE_VAR, "")
    if order := ColumnOrder.of(queryset):
        return LongListPaginator(queryset, per_page, order=order, place=order.place(asked), **kwargs)
    # By number alone, in an order in which all rows are read anyhow.
    number = int(asked) if asked.isdecimal() and len(asked) < 10 else 1
    return LongListPaginator(queryset, per_page, asked_page=number, **kwargs)
