"""Pages of the admin's long lists."""

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

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
    """

    def __init__(self, queryset: QuerySet[Any], per_page: int, *args: Any, asked_page: int = 1, **kwargs: Any) -> None:
        super().__init__(queryset, per_page, *args, **kwargs)
        self.queryset = queryset
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
        return self.queryset.order_by()[: self.reach + 1].count()
