"""
D1–D4: deleting a number with 400,000 rows by the job (1.6 million with --whole), what others notice of it, and the
page that asks before.

Every round deletes twice, from copies of one database: by SQL in a single transaction, and by the job, while another
business's messages are inserted every few milliseconds.
"""

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from functools import partial

from .measuring import KINDS, database, in_turns, main, seconds_of, use
from .results import Row

#: Rounds, and conversations of the number.
SHORT, WHOLE = (1, 30_000), (3, 130_000)

#: Seconds between two INSERTs of the other business, and for how long they are measured without a deletion: about as
#: long as with one, since a disk is slow now and then by itself.
EVERY, ALONE = 0.005, 15

GOALS = {"PostgreSQL": (2.2, 50), "SQLite": (3.0, 100)}

MILLION = 1_000_000

OF_NUMBER = "WHERE whatsapp_number_id = {number}"
CONVERSATIONS = f"(SELECT id FROM conversations {OF_NUMBER})"
MESSAGES = f"(SELECT id FROM messages {OF_NUMBER})"
BOTS = f"(SELECT id FROM bots {OF_NUMBER})"
SCENARIOS = f"(SELECT id FROM bot_scenarios WHERE bot_id IN {BOTS})"

#: What somebody would write who knows the tables.
RAW = [
    f"DELETE FROM bot_turns WHERE conversation_id IN {CONVERSATIONS}",
    f"DELETE FROM media_files WHERE message_id IN {MESSAGES}",
    f"DELETE FROM messages {OF_NUMBER}",
    f"DELETE FROM bot_sessions WHERE conversation_id IN {CONVERSATIONS}",
    f"DELETE FROM conversations {OF_NUMBER}",
    f"DELETE FROM broadcast_messages {OF_NUMBER}",
    f"DELETE FROM broadcasts {OF_NUMBER}",
    f"DELETE FROM webhook_events {OF_NUMBER}",
    f"DELETE FROM scenario_versions WHERE scenario_id IN {SCENARIOS}",
    f"DELETE FROM bot_scenarios WHERE bot_id IN {BOTS}",
    f"DELETE FROM bots {OF_NUMBER}",
    "DELETE FROM whatsapp_numbers WHERE id = {number}",
]


def measure(kind, whole):
    rounds, conversations = WHOLE if whole else SHORT
    os.environ["BENCHMARK_CONVERSATIONS"] = str(conversations)
    with database("benchmark_deletion", kind) as url:
        built = ask("build", url)
        page = ask("page", url, built["number"])
        measured = [one_round(kind, url, **built) for _ in range(rounds)]
    print(f"A number with {built['rows'] / MILLION:.2f} of {built['all'] / MILLION:.2f} million rows.")
    yield from rows(kind, **{name: statistics.median(it[name] for it in measured) for name in measured[0]}, **page)


def rows(kind, raw, job, alone, meanwhile, grown, counts, shown, size):
    slower, wait = GOALS[kind]
    yield Row("D1 deletion", f"≤ {slower} ×", job, "s", raw)
    yield Row("D2 others' slowest INSERT", f"≤ {wait} ms", meanwhile * 1000, "ms", alone * 1000)
    yield Row("D3 memory grown", "≤ 20 MB", grown, "MB")
    yield Row("D4 page, against twice its counts + 50 ms", "≤ 1 ×", shown * 1000, "ms", counts * 2000 + 50)
    yield Row("D4 size of the page", "≤ 50 KB", size / 1000, "KB")


def one_round(kind, url, number, other, **counts):
    with database("benchmark_deletion_raw", kind, template=url) as copy:
        raw = ask("raw", copy, number)["seconds"]
    with database("benchmark_deletion_job", kind, template=url) as copy:
        alone = Writer(copy, other)
        time.sleep(ALONE)
        alone = alone.stop()
        writer = Writer(copy, other)
        job = ask("job", copy, number)
        meanwhile = writer.stop()
    return {"raw": raw, "job": job["seconds"], "grown": job["grown"], "alone": alone, "meanwhile": meanwhile}


def command(*asked):
    return [sys.executable, "-m", "benchmarks.deletion", *map(str, asked)]


def ask(*asked):
    """What a process of its own answers."""
    answer = subprocess.run(command(*asked), stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(answer.splitlines()[-1])


class Writer:
    """A process that inserts messages of another business, until it is stopped."""

    def __init__(self, url, number):
        self.process = subprocess.Popen(
            command("write", url, number), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdout.readline()

    def stop(self):
        """The seconds that the slowest took."""
        answer, _errors = self.process.communicate()
        return json.loads(answer)["slowest"]


# The processes


def build():
    from django.apps import apps
    from django.db import connection

    from accounts.deletion import deletion
    from whatsapp.models import WhatsAppNumber

    from . import big_number

    number, other = big_number.build()
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows = deletion.preview(WhatsAppNumber.objects.get(pk=number)).total
    return {
        "number": number,
        "other": other,
        "rows": rows,
        "all": sum(model._base_manager.count() for model in apps.get_models()),
    }


def raw(number):
    from django.db import connection, transaction

    began = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement.format(number=number))
    return {"seconds": time.perf_counter() - began}


def job(number):
    from accounts.deletion import deletion
    from accounts.deletion import job as deletion_job
    from whatsapp.models import WhatsAppNumber

    asked = deletion.delete(WhatsAppNumber.objects.get(pk=number))
    before, began = resident(), time.perf_counter()
    deletion_job.advance(asked)
    seconds = time.perf_counter() - began
    asked.refresh_from_db()
    if asked.state != "done" or asked.orphans:
        sys.exit(f"{asked.state}, {asked.orphans} orphans: {asked.last_error}")
    return {"seconds": seconds, "grown": max(0, peak() - before)}


def resident():
    """This process's memory now, in MB."""
    return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(os.getpid())])) / 1024


def peak():
    """The most memory it ever had, in MB; Linux counts in KB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def write(number):
    from django.utils import timezone

    from crm.models import Conversation, Message

    conversation = Conversation.objects.filter(whatsapp_number=number).first()
    # A collection would stop this process for longer than any INSERT waits.
    gc.disable()
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()
    slowest = 0
    for serial in range(MILLION):
        took = seconds_of(
            lambda serial=serial: Message.objects.create(
                business_id=conversation.business_id,
                whatsapp_number_id=number,
                conversation=conversation,
                direction="in",
                type="text",
                status="received",
                text="Hello",
                wamid=f"wamid.{time.time_ns()}.{serial}",
                timestamp=timezone.now(),
            )
        )
        if serial:
            slowest = max(slowest, took)
        else:
            # The first one opens the connection.
            print("ready", flush=True)
        if stopped.wait(EVERY):
            return {"slowest": slowest}


def page(number):
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from accounts.deletion import deletion
    from accounts.models import User
    from whatsapp.models import WhatsAppNumber

    number = WhatsAppNumber.objects.get(pk=number)
    with CaptureQueriesContext(connection) as captured:
        deletion.preview(number).counts  # noqa: B018
    statements = [query["sql"] for query in captured]
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(business=number.business), backend="accounts.people.roles.RoleBackend")
    address = reverse("admin:whatsapp_whatsappnumber_delete", args=[number.pk])

    def count():
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    counts, shown = in_turns(lambda: seconds_of(count), lambda: seconds_of(lambda: client.get(address)), rounds=5)
    response = client.get(address)
    if response.status_code != 200:
        sys.exit(f"{address}: {response.status_code}")
    return {"counts": counts, "shown": shown, "size": len(response.content)}


if __name__ == "__main__":
    if "://" in "".join(sys.argv[2:3]):
        what, url, *ids = sys.argv[1:]
        use(url)
        print(json.dumps(globals()[what](*map(int, ids))))
    else:
        main({f"D deletion of a number on {kind}": partial(measure, kind) for kind in KINDS}, rounds=1)
