"""Finds messages by their words, newest first."""

from django.db.models import QuerySet

from crm.models import Message
from crm.models.message import NEWEST_FIRST

from .index import newest_with
from .words import Query

#: How many messages a search finds at most.
MAX_FOUND = 200

#: So many of the newest messages are read before the index is asked: a word that is frequent in them would have it
#: return a great part of all there are.
NEAR = 2000
#: So many of the newest messages that the index knows are looked at, of which some may be no rows of the search.
MAX_INDEXED = 2000


def find_messages(messages: QuerySet[Message], business_id: int, typed: str, limit: int = MAX_FOUND) -> list[int]:
    """
    The ids of the newest of these messages, all of one business, that have every word of what somebody typed, in
    whatever form.
    """
    query = Query.of(typed)
    if not query.words:
        return []
    messages = messages.filter(business=business_id).order_by(*NEWEST_FIRST)
    near = list(messages.values_list("pk", "text")[:NEAR])
    has_words = query.matcher()
    found = [pk for pk, text in near if text and has_words(text)][:limit]
    if len(near) < NEAR or len(found) == limit:
        return found
    found += newest_with(query, business_id, MAX_INDEXED)
    return list(messages.filter(pk__in=found).values_list("pk", flat=True)[:limit])
