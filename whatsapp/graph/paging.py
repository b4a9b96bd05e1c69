"""Lists of Graph, which come page by page (Graph API, "Paginated results")."""

from .client import AnswerLost, CloudApiError

#: An account has at most 6000 templates (Cloud API, "Templates"), 100 a page; what has more pages does not end.
MOST_PAGES = 100

#: "Begin again without a cursor": something was added or removed meanwhile.
STALE_CURSOR = 131059
MOST_BEGINNINGS = 3


class ListWithoutEnd(AnswerLost):
    """Meta gives page after page."""


def whole_list(read):
    """
    All objects of a list. `read` takes a cursor, empty for the first page, and returns a page and the next one's
    cursor. Raises ListWithoutEnd, and what `read` raises.
    """
    for _beginning in range(MOST_BEGINNINGS - 1):
        try:
            return _read_through(read)
        except CloudApiError as error:
            if error.code != STALE_CURSOR:
                raise
    return _read_through(read)


def _read_through(read):
    found, cursor = [], ""
    for _page in range(MOST_PAGES):
        page, cursor = read(cursor)
        found += page
        if not cursor:
            return found
    raise ListWithoutEnd("Meta's list does not end.")
