"""
N1–N5: the inbox of a business with 1,000,000 messages and 50,000 conversations, against that of a business with 1,000
messages: its first page, and the request that asks whether anything changed; searching for words that are frequent,
rare, gone and absent; and what it costs an inbound message that its words are kept, where it is nothing but recorded.
"""

import os
import sys
from functools import partial
from unittest.mock import patch

from .measuring import KINDS, ROUNDS, cost_of, database, in_turns, main, use
from .results import Row

FEW, MANY = 1_000, 1_000_000
#: One customer with a conversation for so many messages.
MESSAGES_EACH = 20
#: Of so many conversations one waits for a person.
WAITING = 100

PAGE = "/admin/crm/conversation/inbox/"
POLL = "/admin/crm/conversation/inbox/live/"
SEARCH_PAGE = "/admin/search/"

#: What is looked for; what is rare is in one message of 50,000, and what was frequent long ago in the oldest fifth.
SEARCHES = {
    "in every message": "заказы",
    "in a third": "доставку",
    "in 1 %": "скидок",
    "rare": "гиацинтами",
    "frequent long ago": "самовывозом",
    "two words": "доставка гиацинта",
    "absent": "бегемот",
}


def measure(kind, _whole):
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_inbox", kind) as url:
        use(url, redis_url if kind == "PostgreSQL" else "")
        yield from rows()


def rows():
    from django.db import connection

    from accounts.testing import make_owner

    from .filling import tidy

    few, many = make_owner(), make_owner()
    fill_business(few.business, FEW)
    fill_business(many.business, MANY)
    tidy()
    yield from pages(client_of(few), client_of(many))
    yield from searches(many)
    yield from search_page(client_of(many))
    yield from upkeep(many.business)
    connection.close()


def client_of(person):
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(person, backend="accounts.people.roles.RoleBackend")
    return client


def pages(few, many):
    """The inbox's first page, and a poll that finds nothing new."""
    if many.get(PAGE).status_code != 200:
        print(f"There is no page {PAGE} yet: it is not measured.", flush=True)
        return
    (limit, _cpu, _of_postgresql), (seconds, cpu, of_postgresql) = in_turns(
        lambda: cost_of(lambda: few.get(PAGE), 5), lambda: cost_of(lambda: many.get(PAGE), 5)
    )
    yield Row("N1 first page", "≤ 150 ms", seconds * 1000, "ms", cpu=(cpu + of_postgresql) * 1e6)
    yield Row(f"N1 by that of {FEW:,} messages", "≤ 1.3 ×", seconds * 1000, "ms", limit=limit * 1000)
    yield Row("N1 its queries", "≤ 12", queries_of(lambda: many.get(PAGE)))
    tag = many.get(POLL).headers.get("ETag", "")

    def poll():
        return many.get(POLL, headers={"if-none-match": tag})

    if poll().status_code != 304:
        print(f"{POLL} does not answer 304 to the tag it gave: it is not measured.", flush=True)
        return
    [(seconds, cpu, of_postgresql)] = in_turns(lambda: cost_of(poll, 20))
    yield Row("N2 unchanged poll, CPU here", "≤ 5 ms", cpu * 1000, "ms", cpu=(cpu + of_postgresql) * 1e6)
    yield Row("N2 its queries", "≤ 3", queries_of(poll))


def queries_of(call):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


def searches(person):
    from crm.models import Message
    from crm.search.messages import find_messages

    for name, typed in SEARCHES.items():
        rows = Message.objects.for_user(person)

        def find(rows=rows, typed=typed):
            return find_messages(rows, person.business_id, typed, limit=50)

        [(seconds, cpu, of_postgresql)] = in_turns(lambda find=find: cost_of(find))
        label = f"N3 search, {name} ({len(find())} found)"
        yield Row(label, "≤ 100 ms", seconds * 1000, "ms", cpu=(cpu + of_postgresql) * 1e6)


def search_page(client):
    if client.get(SEARCH_PAGE).status_code != 200:
        return
    for name in ("in every message", "rare", "absent"):

        def show(name=name):
            return client.get(SEARCH_PAGE, {"q": SEARCHES[name]})

        [(seconds, cpu, of_postgresql)] = in_turns(lambda show=show: cost_of(show))
        yield Row(f"N4 page of a search, {name}", "", seconds * 1000, "ms", cpu=(cpu + of_postgresql) * 1e6)
        yield Row("N4 its queries", "", queries_of(show))


def upkeep(business):
    """CPU of an inbound message that is recorded in a batch, with the index and without."""
    from crm.testing import make_conversation
    from whatsapp.models import WhatsAppNumber

    from .recording import BATCH

    number = WhatsAppNumber.objects.get(business=business)
    phones = [make_conversation(number).customer.phone for _ in range(BATCH)]
    # Without the turns of bots that follow.
    with patch("whatsapp.webhooks.process._follow_up"):
        kept, unkept = in_turns(
            partial(recorded, number, phones, True), partial(recorded, number, phones, False), rounds=3 * ROUNDS
        )
    yield Row("N5 CPU of a recorded message", "≤ 1.15 ×", kept * 1e6, "µs", limit=unkept * 1e6)


def recorded(number, phones, is_kept):
    """Seconds of CPU of a message, here and in PostgreSQL."""
    from whatsapp.webhooks import process as events

    from .recording import BATCHES, store

    keep_words(is_kept)
    for _ in range(BATCHES):
        store(number, phones)
    _seconds, cpu, of_postgresql = cost_of(lambda: events.process_line(number.pk, seconds=600))
    return (cpu + of_postgresql) / BATCHES / len(phones)


def keep_words(is_kept):
    """Have the database keep the words of messages from now on, or not, without building anything anew."""
    from django.db import connection

    from crm.search.index import NAME
    from crm.search.keeping import MAKE_TRIGGERS, TRIGGERS

    if connection.vendor == "sqlite":
        statements = MAKE_TRIGGERS if is_kept else [f"DROP TRIGGER IF EXISTS {trigger}" for trigger in TRIGGERS]
    else:
        statements = [f"UPDATE pg_index SET indisready = {is_kept} WHERE indexrelid = '{NAME}'::regclass"]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fill_business(business, rows):
    """One message a second, up to now, half of them in."""
    from whatsapp.testing import make_number

    from .filling import age, fill, first, unchecked

    number = make_number(business)
    people = rows // MESSAGES_EACH
    common = {"business_id": business.pk, "created_at": age(f"{rows} - n")}
    with unchecked():
        fill(
            "customers",
            people,
            **common,
            phone="'+' || (79000000000 + n)",
            name="'Клиент ' || n",
            search_text="'клиент ' || n || ' +' || (79000000000 + n)",
        )
        fill(
            "conversations",
            people,
            **common,
            whatsapp_number_id=number.pk,
            customer_id=f"{first('customers', business)} + n - 1",
            status="CASE WHEN n % 4 = 0 THEN 'open' ELSE 'closed' END",
            unread=f"CASE WHEN n % {WAITING} = 0 THEN 1 ELSE 0 END",
            inbound_count=str(MESSAGES_EACH // 2),
            waiting_since=f"CASE WHEN n % {WAITING} = 0 THEN {age('n')} END",
            last_inbound_at=age("n"),
            last_message_at=age("n"),
            updated_at=age("n"),
        )
        fill(
            "messages",
            rows,
            **common,
            whatsapp_number_id=number.pk,
            conversation_id=f"{first('conversations', business)} + n % {people}",
            direction="CASE WHEN n % 2 = 0 THEN 'out' ELSE 'in' END",
            origin="CASE WHEN n % 2 = 0 THEN 'bot' ELSE 'customer' END",
            status="CASE WHEN n % 2 = 0 THEN 'read' ELSE 'received' END",
            accepted_at="CASE WHEN n % 2 = 0 THEN CURRENT_TIMESTAMP END",
            token=f"CASE WHEN n % 2 = 0 THEN '{business.pk}-' || n END",
            type="'text'",
            text=text(rows),
            wamid=f"'wamid.{business.pk}.' || n",
            automated_at="CURRENT_TIMESTAMP",
            timestamp=age(f"{rows} - n"),
        )


def text(rows):
    """A message of about eight words, an expression; those of SEARCHES are as frequent as these say."""
    return (
        "'Здравствуйте! Заказ №' || n || CASE WHEN n % 3 = 0 THEN ' с доставкой,' ELSE ' заберу,' END"
        " || CASE WHEN n % 100 = 0 THEN ' есть скидка?' ELSE '' END"
        " || CASE WHEN n % 50000 = 0 THEN ' Гиацинт' ELSE '' END"
        f" || CASE WHEN n < {rows // 5} THEN ' самовывоз' ELSE '' END"
        " || ' слово' || (n % 7919) || ' и другое' || (n % 331) || ' спасибо'"
    )


if __name__ == "__main__":
    main({f"N inbox and search on {kind}": partial(measure, kind) for kind in KINDS})
