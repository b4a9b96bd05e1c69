"""Lists of Graph, which come page by page (Graph API, "Paginated results")."""

from collections.abc import Callable
from typing import Any

from .errors import AnswerLost, CloudApiError

#: Takes a cursor, empty for the first page; returns a page and the next one's cursor, empty after the last.
ReadPage = Callable[[str], tuple[list[dict[str, Any]], str]]

#: An account has at most 6000 templates (Cloud API, "Templates"), 100 a page; what has more pages does not end.
MAX_PAGES = 100

#: "Begin again without a cursor": something was added or removed meanwhile.
STALE_CURSOR = 131059
MAX_ATTEMPTS = 3


class ListWithoutEnd(AnswerLost):
    """Meta gives page after page."""


def whole_list(read: ReadPage) -> list[dict[str, Any]]:
    """
    All objects of a list. `read` takes a cursor, empty for the first page, and returns a page and the next one's
    cursor. Raises ListWithoutEnd, and what `read` raises.
    """
    for _attempt in range(MAX_ATTEMPTS - 1):
        try:
            return _read_through(read)
        except CloudApiError as error:
            if error.code != STALE_CURSOR:
                raise
    return _read_through(read)


def _read_through(read: ReadPage) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    for _page in range(MAX_PAGES):
        page, cursor = read(cursor)
        items += page
        if not cursor:
            return items
    raise ListWithoutEnd("Meta's list does not end.")
