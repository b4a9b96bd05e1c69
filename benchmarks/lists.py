"""E1, E2: lists of the admin and the API over 1.1 million messages, against 1000 and against the first page."""

import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack
from urllib.parse import urlencode

from .measuring import KINDS, database, in_turns, seconds_of, table, use

FEW, MANY = 1_000, 1_100_000
#: One customer with a conversation for so many messages.
MESSAGES_EACH = 10
#: Of so many rows one is out of the ordinary.
RARE = 20_000

ADMIN_LISTS = ["crm/message/", "crm/conversation/", "crm/customer/", "broadcasts/broadcastmessage/"]
#: List of the API → how its deep page is asked for.
API_LISTS = {"messages/": "cursor", "conversations/": "cursor", "broadcast-messages/": "cursor", "customers/": "page"}


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
            (name, *in_turns(lambda name=name: many(f"first {name}"), lambda name=name: many(f"deep {name}")))
            for name in API_LISTS
        ]
    table(f"E1 {kind}: admin list, {MANY:,} messages against {FEW:,}", [line(*measured) for measured in admin])
    table(
        f"E2 {kind}: API, a page from the middle against the first, {MANY:,} messages",
        [line(*measured) for measured in api],
    )


def line(name, limit, ours):
    return (name, "≤ 1.30 ×", f"{limit * 1000:.1f} ms", f"{ours * 1000:.1f} ms", f"{ours / limit:.2f}")


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
    for asked in sys.stdin:
        address = address_of(asked.strip())
        print(seconds_of(lambda address=address: get(client, address), 5), flush=True)


def get(client, address):
    response = client.get(address)
    if response.status_code != 200:
        sys.exit(f"{address}: {response.status_code} {response.content[:500]}")


def address_of(asked):
    """What is asked for is `admin NAME`, or `first NAME` or `deep NAME` of the API."""
    where, name = asked.split()
    if where == "admin":
        return f"/admin/{name}"
    if where == "first":
        return f"/api/v1/{name}"
    if API_LISTS[name] == "page":
        return f"/api/v1/{name}?page={MANY // MESSAGES_EACH // 50 // 2}"
    return f"/api/v1/{name}?{urlencode({'cursor': cursor_of_the_middle(name)})}"


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
    The owner of a business with so many messages, as many recipients of a broadcast, and a tenth of the rest. Nearly all
    of its messages came in; those of the business beside it are half and half.
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
