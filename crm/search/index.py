"""
The index of the words of all messages, and how it is asked. It holds each word together with the business, so that a
question is about one business's messages, and what others write is not even read.

PostgreSQL has an index of an expression, SQLite a table of FTS5 that triggers keep (crm.search.keeping). Both find by
the beginnings of words, which is how one word has all its forms.
"""

from django.db import connection

from .words import MAX_TEXT, SEPARATORS, Query, Word

#: The name of the index on PostgreSQL, and of the table on SQLite.
NAME = "message_words"

#: The tables that SQLite makes of it, which hold no rows of anybody.
INDEX_TABLES = frozenset({NAME, f"{NAME}_config", f"{NAME}_data", f"{NAME}_idx"})

#: Stands before the business in a word of SQLite's table. It is taken out of texts, so that nobody can write it.
MARK = "\ue000"

_LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"

#: The words of a message on PostgreSQL, each as “b17xword”. Letters are folded by hand: a database in the locale C
#: does not know the Cyrillic ones.
WORDS = (
    "to_tsvector('pg_catalog.simple'::regconfig, regexp_replace(' ' || "
    f"translate(left(text, {MAX_TEXT}), '{_LETTERS.upper()}Ёё', '{_LETTERS}ее'), "
    f"'[{SEPARATORS}]+', ' b' || business_id::text || 'x', 'g'))"
)

# Apart from the rest of a query: put together, the planner would rather read all messages in the order asked for.
_POSTGRESQL = f"""
    WITH found AS MATERIALIZED (SELECT id FROM messages WHERE {WORDS} @@ %s::tsquery AND text <> '')
    SELECT id FROM found ORDER BY id DESC LIMIT %s
"""
_SQLITE = f"SELECT rowid FROM {NAME} WHERE {NAME} MATCH %s ORDER BY rowid DESC LIMIT %s"


def newest_with(query: Query, business_id: int, limit: int) -> list[int]:
    """The ids of the newest messages of a business that have all words of a query."""
    is_sqlite = connection.vendor == "sqlite"
    asked = _for_sqlite(query, business_id) if is_sqlite else _for_postgresql(query, business_id)
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE if is_sqlite else _POSTGRESQL, [asked, limit])
        return [pk for (pk,) in cursor.fetchall()]


def _for_postgresql(query: Query, business_id: int) -> str:
    def asked(word: Word) -> str:
        either = [f"'b{business_id}x{form}'" for form in word.forms]
        either += [f"'b{business_id}x{prefix}':*" for prefix in word.prefixes]
        return f"({' | '.join(either)})"

    return " & ".join(map(asked, query.words))


def _for_sqlite(query: Query, business_id: int) -> str:
    def asked(word: Word) -> str:
        either = [f'"{form}"' for form in word.forms] + [f'"{prefix}" *' for prefix in word.prefixes]
        return f"({' OR '.join(either)})"

    return " AND ".join([f'"{MARK}{business_id}"', *map(asked, query.words)])
