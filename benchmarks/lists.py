"""
E1, E2, E3: lists of the admin and the API over 1.1 million messages, against 1000 and against the first page; what is
rare among them, deep pages and the overview against a goal in milliseconds. Beside the business that is measured there
is another one as large. CPU time of the process and of its PostgreSQL, so that a busy machine changes little. Linux.
"""

import re
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from .measuring import KINDS, database, in_turns, table, use

FEW, MANY = 1_000, 1_100_000
#: One customer with a conversation for so many messages.
MESSAGES_EACH = 10
#: Of so many rows one is out of the ordinary.
RARE = 20_000

ADMIN_LISTS = ["crm/message/", "crm/conversation/", "crm/customer/", "broadcasts/broadcastmessage/"]
#: List of the API → how its deep page is asked for.
API_LISTS = {"messages/": "cursor", "conversations/": "cursor", "broadcast-messages/": "cursor", "customers/": "page"}

#: The page → the milliseconds that it may take. `deep` is the one before the last.
PAGES = {
    "/admin/": 60,
    "/admin/crm/message/?p=200": 50,
    **{f"deep {name}": 50 for name in ADMIN_LISTS},
    **{
        f"/admin/crm/message/?{query}": 50
        for query in (
            "status__exact=failed",
            "status__exact=unknown",
            "direction__exact=out",
            "origin__exact=person",
            "origin__exact=phone",
        )
    },
    "/admin/crm/conversation/?with_unread=yes": 50,
    "/admin/broadcasts/broadcastmessage/?status=unknown": 50,
    **{f"/api/v1/messages/?{query}": 50 for query in ("direction=out", "origin=person", "origin=phone")},
}


def main():
    for kind in KINDS:
        measure(kind)


def measure(kind):
    with ExitStack() as stack:
        few, many = (stack.enter_context(site(rows, kind)) for rows in (FEW, MANY))
        admin = [
            (name, *in_turns(lambda name=name: few(f"admin {name}"), lambda name=name: many(f"admin {name}")))
            for name in ADMIN_LISTS
        ]
        api = [
            (name, *in_turns(lambda name=name: many(f"first {name}"), lambda name=name: many(f"deep-api {name}")))
            for name in API_LISTS
        ]
        pages = [(page, *in_turns(lambda page=page: few(page), lambda page=page: many(page))) for page in PAGES]
    table(f"E1 {kind}: admin list, {MANY:,} messages against {FEW:,}", [line(*measured) for measured in admin])
    table(
        f"E2 {kind}: API, a page from the middle against the first, {MANY:,} messages",
        [line(*measured) for measured in api],
    )
    table(
        f"E3 {kind}: overview, deep pages and what is rare, {MANY:,} messages against {FEW:,}",
        [line(*measured, goal=f"≤ {PAGES[measured[0]]} ms") for measured in pages],
    )


def line(name, limit, ours, goal="≤ 1.30 ×"):
    return (name, goal, f"{limit * 1000:.1f} ms", f"{ours * 1000:.1f} ms", f"{ours / limit:.2f}")


class site:
    """A process with a database of so many messages: called with a page, it says how long that takes (seconds)."""

    def __init__(self, rows, kind):
        self.stack = ExitStack()
        self.kind = kind
        self.rows = rows

    def __enter__(self):
        url = self.stack.enter_context(database(f"benchmark_lists_{self.rows}", self.kind))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.lists", url, str(self.rows)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __call__(self, page):
        print(page, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()
        self.stack.close()


def serve(url, rows):
    """The process: asked for a page on standard input, it prints the seconds."""
    use(url)
    from django.test import Client

    owner = build(rows)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    cpu = Cpu()
    for asked in sys.stdin:
        address = address_of(client, asked.strip())
        get(client, address)
        began = cpu.seconds()
        for _ in range(5):
            get(client, address)
        print((cpu.seconds() - began) / 5, flush=True)


class Cpu:
    """CPU time of this process, and of the process of PostgreSQL that serves it."""

    def __init__(self):
        from django.db import connection

        self.database = None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Other processes of PostgreSQL would not be counted.
                cursor.execute("SET max_parallel_workers_per_gather = 0")
                cursor.execute("SELECT pg_backend_pid()")
                self.database = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def seconds(self):
        nanoseconds = int(self.database.read_text().split()[0]) if self.database else 0
        return time.process_time() + nanoseconds / 1e9


def get(client, address):
    response = client.get(address)
    if response.status_code != 200:
        sys.exit(f"{address}: {response.status_code} {response.content[:500]}")
    return response


def address_of(client, asked):
    """What is asked for is an address, `admin NAME`, `deep NAME` of the admin, or `first NAME` or `deep-api NAME`."""
    where, _space, name = asked.partition(" ")
    if where == "admin":
        return f"/admin/{name}"
    if where == "deep":
        return deep_page(client, f"/admin/{name}")
    if where == "first":
        return f"/api/v1/{name}"
    if where != "deep-api":
        return asked
    if API_LISTS[name] == "page":
        return f"/api/v1/{name}?page={MANY // MESSAGES_EACH // 50 // 2}"
    return f"/api/v1/{name}?{urlencode({'cursor': cursor_of_the_middle(name)})}"


def deep_page(client, address):
    """The page before the last of a list of the admin, by its links; the first of a list that has few pages."""
    page = address
    for rel in ("last", "prev"):
        link = re.search(f'<a href="([^"]*)" rel="{rel}"', get(client, page).text)
        page = address + unescape(link[1]) if link else page
    return page


def cursor_of_the_middle(name):
    """DRF's cursor for the rows after the middle one."""
    from broadcasts.models import BroadcastMessage
    from crm.models import Conversation, Message

    model, field = {
        "messages/": (Message, "created_at"),
        "conversations/": (Conversation, "last_message_at"),
        "broadcast-messages/": (BroadcastMessage, "pk"),
    }[name]
    middle = model.objects.order_by("pk").values_list("pk", flat=True)[model.objects.count() // 2]
    position = getattr(model.objects.get(pk=middle), field)
    return b64encode(urlencode({"p": str(position)}).encode()).decode()


def build(rows):
    """
    The owner of a business with so many messages, and a tenth of it of customers, conversations and recipients of a
    broadcast. Nearly all of its messages came in; those of the business beside it are half and half.
    """
    from accounts.testing import make_owner

    from .filling import tidy

    owner = make_owner()
    fill_business(owner.business, rows, sent=f"n % {RARE} = 0")
    fill_business(make_owner().business, rows, sent="n % 2 = 0")
    tidy()
    return owner


def fill_business(business, rows, sent):
    """One row a second, up to now; `sent` says in SQL whether message n was sent."""
    from broadcasts.testing import make_broadcast
    from whatsapp.testing import make_number

    from .filling import age, fill, first

    number = make_number(business)
    people = rows // MESSAGES_EACH
    common = {"business_id": business.pk, "created_at": age(f"{rows} - n")}
    fill(
        "customers",
        people,
        **common,
        phone="'+' || (79000000000 + n)",
        name="'Клиент ' || n",
        search_text="'клиент ' || n",
    )
    customer = f"{first('customers', business)} + n - 1"
    fill(
        "conversations",
        people,
        **common,
        whatsapp_number_id=number.pk,
        customer_id=customer,
        status="'open'",
        unread=f"CASE WHEN n % {RARE} = 0 THEN 1 ELSE 0 END",
        last_message_at=age(f"{rows} - n"),
    )
    fill(
        "messages",
        rows,
        **common,
        whatsapp_number_id=number.pk,
        conversation_id=f"{first('conversations', business)} + n % {people}",
        direction=f"CASE WHEN {sent} THEN 'out' ELSE 'in' END",
        origin=f"CASE WHEN NOT ({sent}) THEN 'customer' WHEN n % {RARE} > 0 THEN 'bot'"
        f" WHEN n % {3 * RARE} = 0 THEN 'person' ELSE 'api' END",
        status=f"CASE WHEN NOT ({sent}) THEN 'received' WHEN n % {RARE} > 0 THEN 'read'"
        f" WHEN n % {4 * RARE} = 0 THEN 'failed' WHEN n % {2 * RARE} = 0 THEN 'unknown' ELSE 'accepted' END",
        accepted_at=f"CASE WHEN {sent} THEN CURRENT_TIMESTAMP END",
        token=f"CASE WHEN {sent} THEN '{business.pk}-' || n END",
        type="'text'",
        text="'Сообщение ' || n",
        wamid="'wamid.' || n",
        automated_at="CURRENT_TIMESTAMP",
        timestamp=age(f"{rows} - n"),
    )
    fill(
        "broadcast_messages",
        people,
        **common,
        whatsapp_number_id=number.pk,
        broadcast_id=make_broadcast(number).pk,
        customer_id=customer,
        status=f"CASE WHEN n % {RARE} > 0 THEN 'read' WHEN n % {2 * RARE} = 0 THEN 'failed' ELSE 'unknown' END",
        wamid="'wamid.b' || n",
    )


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2])) if sys.argv[1:] else main()
