"""
What a business notices of another one that imports 20 files of 120,000 rows and sends a broadcast to 100,000 people:
how long its customer waits for a text, and for an answer that needs a service (an `http` step, whose service does not
answer, so that the bot says so). By one `up` on SQLite, and by the workers of deploy/compose.yaml.
"""

import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import DEVNULL
from urllib.parse import urlsplit

import yaml

from .bare_client import TOKEN
from .broadcast import fake_graph, free_port
from .measuring import database, main, use
from .results import Row

BASE_DIR = Path(__file__).resolve().parent.parent

FILES, ROWS, RECIPIENTS = 20, 120_000, 100_000

#: Seconds for which customers write, one after another: alone, and beside the other business.
ALONE, SHORT, WHOLE = 10, 30, 60

#: A customer who waits longer gives up (seconds).
PATIENCE = 120

SECRET = "the-secret-of-the-app"

#: What a customer writes → what it is, and how long the answer may take (seconds).
KINDS = {"текст": ("text reply", 2), "сервис": ("http step", 5)}


# --- The businesses ---------------------------------------------------------------------------------------


def make_business(name):
    from accounts.people.registration import register

    owner = register(email=f"{name}@example.com", password="only-for-benchmarks", business_name=name)
    return owner


def make_quiet_number():
    """A number whose bot answers one word with a text, and another with what a service says."""
    from bots.models import AllowedHost
    from bots.testing import document, make_bot, make_published_scenario
    from whatsapp.testing import make_number

    business = make_business("quiet").business
    number = make_number(business, access_token=TOKEN, app_secret=SECRET)
    bot = make_bot(number)
    AllowedHost.objects.create(business=business, host="api.example.invalid")
    call = {"key": "call", "kind": "http", "method": "GET", "url": "https://api.example.invalid/", "save_to": "x"}
    end = {"key": "end", "kind": "end", "text": "Готово"}
    for word, steps in {"текст": [end], "сервис": [{**call, "failed": "end"}, end]}.items():
        triggers = [{"kind": "keyword", "match": "equals", "value": word}]
        make_published_scenario(bot, document(*steps, triggers=triggers))
    return number


def make_busy(owner):
    """Files that are to be imported, and a broadcast that is being sent."""
    broadcast = make_broadcast(owner.business)
    make_files(owner)
    type(broadcast).objects.filter(pk=broadcast.pk).update(status="sending")


def make_files(owner):
    from dataclasses import asdict

    from django.utils import timezone

    from crm.customers import uploads
    from crm.customers.files.file_import import Outcome
    from crm.models import CustomerUpload

    text = "\n".join(["phone,name", *(f"+79##{serial:07},Customer {serial}" for serial in range(ROWS))])
    outcome = {**uploads.summary(Outcome()), "failures": asdict(Outcome())["failed"]}
    for serial in range(FILES):
        CustomerUpload.objects.create(
            business=owner.business,
            uploaded_by=owner,
            file_name=f"{serial}.csv",
            text=text.replace("##", f"{serial + 30}"),
            rows=ROWS,
            outcome=outcome,
            tried_at=timezone.now(),
            started_at=timezone.now(),
        )


def make_broadcast(business):
    from django.utils import timezone

    from broadcasts.models import Broadcast, BroadcastMessage
    from crm.models import Customer
    from whatsapp.testing import make_number, make_template

    number = make_number(business, messages_per_second=1000, access_token=TOKEN)
    fields = {"business": business, "whatsapp_number": number}
    broadcast = Broadcast.objects.create(
        **fields, name="News", template=make_template(number, "{{1}}, скидка"), started_at=timezone.now()
    )
    for first in range(0, RECIPIENTS, 5000):
        people = [Customer(business=business, phone=f"+7999{first + serial:07}") for serial in range(5000)]
        BroadcastMessage.objects.bulk_create(
            BroadcastMessage(
                **fields, broadcast=broadcast, customer=customer, status="planned", parameters={"1": "Anna"}
            )
            for customer in Customer.objects.bulk_create(people)
        )
    return broadcast


# --- The customers ----------------------------------------------------------------------------------------


def waits(url, number, word, seconds):
    """How long each of the customers waits who write this word one after another, for so many seconds."""
    from django.db import connection

    found, until = [], time.monotonic() + seconds
    try:
        while not found or time.monotonic() < until:
            found.append(wait_for_answer(url, number, word, f"+7{time.time_ns() // 1000 % 10**10:010}"))
            time.sleep(1)
    finally:
        connection.close()
    return found


def wait_for_answer(url, number, word, phone):
    from crm.models import Message
    from whatsapp.testing import inbound_text

    began = time.monotonic()
    post(url, inbound_text(number, phone, word))
    answers = Message.objects.filter(
        whatsapp_number=number, direction="out", conversation__customer__phone=phone, status="accepted"
    )
    while not answers.exists() and time.monotonic() < began + PATIENCE:
        time.sleep(0.05)
    return time.monotonic() - began


def post(url, payload):
    from whatsapp.testing import WEBHOOK_PATH, sign

    body = json.dumps(payload).encode()
    headers = {"X-Hub-Signature-256": sign(body, SECRET), "Content-Type": "application/json"}
    assert ask(url, "POST", WEBHOOK_PATH, body, headers) == 200


def ask(url, method, path, body=None, headers=None):
    """The HTTP status of an answer of the site."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)) as connection:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status


def measure(url, number, seconds):
    """The word → how long its customers wait."""
    with ThreadPoolExecutor() as customers:
        asked = {word: customers.submit(waits, url, number, word, seconds) for word in KINDS}
        return {word: answer.result() for word, answer in asked.items()}


def rows(alone, beside):
    for word, (what, goal) in KINDS.items():
        name, goal = f"F5 {what}, {len(beside[word])} customers", f"≤ {goal} s"
        yield Row(f"{name}, median", goal, statistics.median(beside[word]), "s", statistics.median(alone[word]))
        yield Row(f"{name}, slowest", goal, max(beside[word]), "s", max(alone[word]))


# --- The processes ----------------------------------------------------------------------------------------


@contextmanager
def running(commands, environment):
    """These commands as processes, ended with the context."""
    with ExitStack() as ended:
        for command in commands:
            process = subprocess.Popen(
                command, cwd=BASE_DIR, env=environment, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
            )
            ended.callback(process.wait)
            ended.callback(os.killpg, process.pid, 9)
        yield


def services():
    """The commands of the workers and of beat as deploy/compose.yaml has them."""
    found = yaml.safe_load((BASE_DIR / "deploy/compose.yaml").read_text())["services"]
    names = [name for name in found if name.startswith("worker") or name == "beat"]
    for place, name in enumerate(names):
        program, *arguments = shlex.split(found[name]["command"])
        own_name = [] if name == "beat" else ["--hostname", f"{place}@%h"]
        yield [sys.executable, "-m", program, *arguments, *own_name]


def web(port):
    arguments = ["chatbot_site.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    return [sys.executable, "-m", "gunicorn", *arguments, "--workers", "2", "--threads", "8"]


def wait_until_ready(url):
    while True:
        with suppress(OSError, HTTPException):
            if ask(url, "GET", "/readyz") == 200:
                return
        time.sleep(0.2)


def compare(seconds, database_url, redis_url, commands_on):
    use(database_url, redis_url)
    number, owner = make_quiet_number(), make_business("busy")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with fake_graph(0.03) as graph:
        environment = {**os.environ, "META_GRAPH_URL": graph, "PUBLIC_URL": url}
        with running(commands_on(port), environment):
            wait_until_ready(url)
            alone = measure(url, number, ALONE)
            make_busy(owner)
            time.sleep(5)
            beside = measure(url, number, seconds)
    print_progress(owner.business)
    yield from rows(alone, beside)


def print_progress(business):
    """Nobody was fair by doing nothing: what the busy business has got done meanwhile."""
    from broadcasts.models import BroadcastMessage
    from crm.models import Customer

    imported = Customer.objects.filter(business=business, name__startswith="Customer").count()
    sent = BroadcastMessage.objects.filter(business=business).exclude(status="planned").count()
    print(f"Meanwhile the other business imported {imported:,} customers and sent {sent:,} messages.")


def embedded(whole):
    with database("benchmark_fairness", "SQLite") as url:
        up = [sys.executable, "manage.py", "up", "--port"]
        yield from compare(WHOLE if whole else SHORT, url, "", lambda port: [[*up, str(port)]])


def services_on_postgresql(whole):
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_fairness") as url:
        yield from compare(WHOLE if whole else SHORT, url, redis_url, lambda port: [web(port), *services()])


PARTS = {
    "Beside 20 files and a broadcast, one `up` on SQLite": embedded,
    "Beside 20 files and a broadcast, workers on PostgreSQL and Redis": services_on_postgresql,
}

if __name__ == "__main__":
    main(PARTS, rounds=1)
