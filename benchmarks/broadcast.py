"""
How fast broadcasts go out (B1, B3, B4, B5): real Celery workers on PostgreSQL and Redis, and one `up` on SQLite, send
through the ledger to a fake Graph. The limit is the bare HTTP client with as many calls under way, in as many
processes. A number sends at most 1000/s, as Meta has it; for more, several send at once. B4 is CPU: of the workers,
and of PostgreSQL for them, beside that of the bare client. `python -m benchmarks.broadcast growth` sends to MANY
through one `up`, and prints how its memory grows.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from subprocess import DEVNULL

import certifi
import requests

from . import certificates
from .bare_client import TOKEN
from .measuring import SECRETS, database, in_turns, table, use

HERE = Path(__file__).resolve().parent
MESSAGES = 6000

#: Calls under way in a process: what whatsapp.sending.delivery leaves to bulk sending.
WINDOW = 90

#: Recipients where memory is measured, and after how many of them it is no more expected to grow.
MANY, SETTLED_AFTER = 100_000, 20_000

#: What, its goal, the server's latency in seconds, processes, numbers that send at once, over TLS or not.
CASES = [
    ("B1 one process, 0 ms, messages/s", "≥ 0.75 ×", 0, 1, 8, False),
    ("B1 two processes, 0 ms, messages/s", "≥ 0.5 ×", 0, 2, 8, False),
    ("B1 one process, 0 ms, TLS, messages/s", "≥ 0.75 ×", 0, 1, 8, True),
    ("B3 one process, 100 ms, one number", "≥ 0.9 ×", 0.1, 1, 1, False),
]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def fake_graph(latency, certificate=""):
    """The URL of a fake Graph in a process of its own."""
    port = free_port()
    command = [sys.executable, HERE / "fake_graph.py", str(port), str(latency), *filter(None, [certificate])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=DEVNULL) as process:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        process.stdin.close()


def bare(latency, processes, tls, costs):
    """Messages a second of the bare client; appends its CPU microseconds a message to `costs`."""
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate = certificates.make(Path(folder)) if tls else ("", "")
        with fake_graph(latency, certificate) as url:
            command = [sys.executable, HERE / "bare_client.py", url, str(MESSAGES // processes), str(WINDOW)]
            command += filter(None, [authority])
            clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
            reports = [[float(number) for number in client.communicate()[0].split()] for client in clients]
    costs.append(sum(spent for _seconds, spent in reports) / MESSAGES * 1e6)
    return MESSAGES / max(seconds for seconds, _spent in reports)


# --- Ours -------------------------------------------------------------------------------------------------


def make_broadcasts(numbers):
    """A business whose numbers each have a broadcast that is sending, MESSAGES in all. Returns the numbers' ids."""
    from django.utils import timezone

    from accounts.people.registration import register
    from broadcasts.models import Broadcast, BroadcastMessage
    from crm.models import Customer
    from whatsapp.testing import make_number, make_template

    owner = register(email=f"{time.time()}@example.com", password="only-for-benchmarks", business_name="Benchmark")
    business = owner.business
    customers = Customer.objects.bulk_create(
        [Customer(business=business, phone=f"+79{serial:09}") for serial in range(MESSAGES // numbers)], 5000
    )
    ids = []
    for _ in range(numbers):
        number = make_number(business, messages_per_second=1000, access_token=TOKEN)
        broadcast = Broadcast.objects.create(
            business=business,
            whatsapp_number=number,
            name="News",
            template=make_template(number, "{{1}}, ваш заказ готов"),
            status="sending",
            started_at=timezone.now(),
        )
        BroadcastMessage.objects.bulk_create(
            [
                BroadcastMessage(
                    business=business,
                    whatsapp_number=number,
                    broadcast=broadcast,
                    customer=customer,
                    status="planned",
                    parameters={"1": "Anna"},
                )
                for customer in customers
            ],
            2000,
        )
        ids.append(number.pk)
    return ids


def seconds_to_send(number_ids):
    """From now until nothing is left to be sent."""
    from broadcasts.models import BroadcastMessage

    rows = BroadcastMessage.objects.filter(whatsapp_number__in=number_ids)
    began = time.monotonic()
    while rows.filter(status__in=["planned", "sending"]).exists():
        time.sleep(0.05)
    seconds = time.monotonic() - began
    assert rows.filter(status="accepted").count() == MESSAGES
    return seconds


def by_workers(latency, processes, numbers, tls, costs):
    """Messages a second of Celery workers; appends CPU microseconds a message, theirs and PostgreSQL's, to `costs`."""
    from chatbot_site.celery import app
    from whatsapp.sending.tasks import deliver_bulk

    number_ids = make_broadcasts(numbers)
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate = certificates.make(Path(folder)) if tls else ("", "")
        command = [sys.executable, HERE / "trusting_worker.py", authority or certifi.where(), "-A", "chatbot_site"]
        command += ["worker", "-Q", "bulk", "--loglevel", "ERROR", "--pool", "threads", "--concurrency", str(numbers)]
        command += ["--without-gossip", "--without-mingle"]
        with fake_graph(latency, certificate) as url:
            environment = {**os.environ, "META_GRAPH_URL": url}
            workers = [
                subprocess.Popen([*command, "-n", f"{place}@%h"], env=environment, stdout=DEVNULL, stderr=DEVNULL)
                for place in range(processes)
            ]
            while len(app.control.ping(timeout=0.5) or []) < processes:
                pass
            spent = -sum(cpu_seconds(worker.pid) for worker in workers)
            for number_id in number_ids * processes:
                deliver_bulk.delay("broadcasts.BroadcastMessage", number_id)
            seconds = seconds_to_send(number_ids)
            spent += sum(cpu_seconds(worker.pid) for worker in workers)
            costs.append((spent / MESSAGES * 1e6, postgresql_seconds() / MESSAGES * 1e6))
            for worker in workers:
                worker.terminate()
                worker.wait()
    return MESSAGES / seconds


def postgresql_seconds():
    """What PostgreSQL has used of the processors for others than this process."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return sum(cpu_seconds(pid) for [pid] in cursor.fetchall())


def cpu_seconds(pid):
    """What a process has used of the processors so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_workers():
    lines = []
    for what, goal, latency, processes, numbers, tls in CASES:
        limit_costs, costs = [], []
        limit, ours = in_turns(
            lambda case=(latency, processes, tls), costs=limit_costs: bare(*case, costs),
            lambda case=(latency, processes, numbers, tls), costs=costs: by_workers(*case, costs),
            rounds=3,
        )
        lines.append((what, goal, f"{limit:.0f}", f"{ours:.0f}", f"{ours / limit:.2f}"))
        limit_cost, (own, database) = median(limit_costs), map(median, zip(*costs, strict=True))
        cost = f"{own:.0f} + {database:.0f}"
        lines.append(("B4 CPU of a message, µs", "≤ 180 + 60", f"{limit_cost:.0f}", cost, f"{limit_cost / own:.2f}"))
    table("Broadcasts on PostgreSQL and Redis", lines, rounds=3)


@contextmanager
def embedded(messages):
    """`manage.py up` on SQLite, in a process of its own, that sends broadcasts of several numbers."""
    global MESSAGES
    MESSAGES = messages
    with tempfile.TemporaryDirectory() as folder, fake_graph(0.03) as graph:
        use(f"sqlite:///{folder}/benchmark.db")
        number_ids = make_broadcasts(4)
        port = free_port()
        environment = {**os.environ, "META_GRAPH_URL": graph, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        command = [sys.executable, "manage.py", "up", "--port", str(port)]
        with subprocess.Popen(command, env=environment, stdout=DEVNULL, stderr=DEVNULL) as process:
            wait_until_sent(number_ids, 1)
            yield process.pid, number_ids, f"http://127.0.0.1:{port}"
            process.kill()


def measure_embedded():
    """This process looks at the database, and asks for a page again and again meanwhile."""
    pages = []
    with embedded(MESSAGES) as (pid, number_ids, url):
        spent = -cpu_seconds(pid)
        is_sent = threading.Event()
        visitor = threading.Thread(target=look_at_pages, args=(f"{url}/admin/login/", is_sent, pages))
        visitor.start()
        ours = MESSAGES / seconds_to_send(number_ids)
        spent += cpu_seconds(pid)
        is_sent.set()
        visitor.join()
    lines = [
        ("B5 30 ms, messages/s", "≥ 2000/s", "", f"{ours:.0f}", ""),
        ("B5 a page meanwhile: median, slowest", "", "", f"{median(pages):.0f}, {max(pages):.0f} ms", ""),
        ("B5 CPU of a message, µs", "", "", f"{spent / MESSAGES * 1e6:.0f}", ""),
    ]
    table("Broadcasts of one `up` on SQLite", lines, rounds=1)


def look_at_pages(url, is_over, milliseconds):
    while not is_over.wait(0.1):
        began = time.monotonic()
        requests.get(url, timeout=30)
        milliseconds.append((time.monotonic() - began) * 1000)


def measure_growth():
    with embedded(MANY) as (pid, number_ids, _url):
        wait_until_sent(number_ids, SETTLED_AFTER)
        before = resident_megabytes(pid)
        wait_until_sent(number_ids, MANY)
        after = resident_megabytes(pid)
    what = f"Memory from {SETTLED_AFTER:,} to {MANY:,} recipients, MB"
    table("Memory of one `up`", [(what, "≤ 10", "", f"{before:.0f} + {after - before:.1f}", "")], rounds=1)


def wait_until_sent(number_ids, count):
    from broadcasts.models import BroadcastMessage

    sent = BroadcastMessage.objects.filter(whatsapp_number__in=number_ids, status="accepted")
    while sent.count() < count:
        time.sleep(0.05)


def resident_megabytes(pid):
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def main():
    if sys.argv[1:] in (["embedded"], ["growth"]):
        os.environ.update(SECRETS, REDIS_URL="")
        return measure_embedded() if sys.argv[1] == "embedded" else measure_growth()
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_broadcast") as url:
        use(url, redis_url)
        measure_workers()
    # Django's settings are made once in a process.
    environment = {**os.environ, **SECRETS, "REDIS_URL": ""}
    subprocess.run([sys.executable, "-m", "benchmarks.broadcast", "embedded"], env=environment, check=True)


if __name__ == "__main__":
    main()
