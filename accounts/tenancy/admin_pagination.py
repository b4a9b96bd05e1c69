from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

#: Rows are counted up to the first multiple of this that is beyond the page.
STEP = 10_000

#: No list is asked for a later page, whatever its address says.
LAST_PAGE = 1_000_000


class LongListPaginator(Paginator):
    """
    Pages of a list that may have millions of rows. They are counted a step beyond the page that is shown: to count
    them all takes longer than to show fifty.
    """

    def __init__(self, *args: Any, asked_page: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last_row = min(max(asked_page, 1), LAST_PAGE) * self.per_page
        self.reach = (last_row // STEP + 1) * STEP

    @cached_property
    def count(self) -> int:
        """The rows, or how far they were counted."""
        return min(self._counted, self.reach)

    @property
    def has_uncounted_rows(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._counted > self.reach

    @cached_property
    def _counted(self) -> int:
        return self.object_list.order_by()[: self.reach + 1].count()
