"""
How fast broadcasts go out (goals B1 to B5): `python benchmarks/broadcast.py [--messages N] [--runs N]`.

Real Celery workers on the database of DATABASE_URL send through the ledger to a fake Graph on 127.0.0.1. The limit
is the bare HTTP client with as many calls under way, in as many processes, measured between the runs.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.chdir(ROOT)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

#: Calls under way in a process: what whatsapp.sending_slots leaves to bulk sending.
WINDOW = 90
TOKEN = "EAA" + "x" * 180


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class FakeGraph:
    """The fake Graph in a process of its own."""

    def __init__(self, latency):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "benchmarks" / "fake_graph.py", str(self.port), str(latency)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        while not self.listens():
            time.sleep(0.05)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.stdin.close()
        self.accepted = int(self.process.stdout.read())
        self.process.wait()


# --- The limit: the HTTP client alone ---------------------------------------------------------------------


def bare_client(url, messages, seconds):
    """Post as many messages as asked for, a full window at a time, with nothing around it; put how long it took."""
    import aiohttp

    body = json.dumps(body_of_a_message()).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    left = iter(range(messages))

    async def post_until_none_is_left(session):
        for _ in left:
            response = await session.post(f"{url}/v25.0/1065/messages", data=body, headers=headers)
            await response.read()

    async def post_all():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.gather(*[post_until_none_is_left(session) for _ in range(WINDOW)])

    begun = time.monotonic()
    asyncio.run(post_all())
    seconds.put(time.monotonic() - begun)


def body_of_a_message():
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "template",
        "template": {
            "name": "order_ready",
            "language": {"code": "ru"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Anna"}]}],
        },
        "to": "+79161234567",
        "biz_opaque_callback_data": "0" * 32,
    }


def measure_limit(messages, latency, processes):
    """Messages a second."""
    with FakeGraph(latency) as graph:
        context = multiprocessing.get_context("spawn")
        seconds = context.Queue()
        share = messages // processes
        clients = [context.Process(target=bare_client, args=(graph.url, share, seconds)) for _ in range(processes)]
        for client in clients:
            client.start()
        slowest = max(seconds.get() for _ in clients)
        for client in clients:
            client.join()
        return messages / slowest


# --- Ours -------------------------------------------------------------------------------------------------


def set_up(numbers, messages):
    """A business whose numbers each have a broadcast that is sending. Returns the ids of the numbers."""
    from django.utils import timezone

    from accounts.testing import make_business
    from broadcasts.models import Broadcast, BroadcastMessage
    from crm.models import Customer
    from whatsapp.models import MessageTemplate
    from whatsapp.testing import make_number

    business = make_business()
    template = MessageTemplate.objects.create(
        business=business,
        waba_id="1020",
        name="order_ready",
        language="ru",
        status="APPROVED",
        components=[{"type": "BODY", "text": "{{1}}, ваш заказ готов"}],
    )
    customers = Customer.objects.bulk_create(
        [Customer(business=business, phone=f"+79{serial:09}") for serial in range(messages // numbers)], 5000
    )
    ids = []
    for _ in range(numbers):
        number = make_number(business, messages_per_second=1000, access_token=TOKEN)
        broadcast = Broadcast.objects.create(
            business=business,
            whatsapp_number=number,
            name="News",
            template=template,
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


def measure_ours(messages, latency, processes, numbers):
    """Messages a second, and CPU microseconds a message in the workers."""
    from broadcasts.models import BroadcastMessage
    from whatsapp.tasks import deliver_bulk

    number_ids = set_up(numbers, messages)
    rows = BroadcastMessage.objects.filter(whatsapp_number__in=number_ids)
    with FakeGraph(latency) as graph:
        environment = {**os.environ, "META_GRAPH_URL": graph.url}
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "chatbot_site",
            "worker",
            "-Q",
            "bulk",
            "--loglevel",
            "WARNING",
        ]
        command += ["--pool", "threads", "--concurrency", str(numbers), "--without-gossip", "--without-mingle"]
        workers = [
            subprocess.Popen([*command, "--hostname", f"{place}@%h"], env=environment, stdout=DEVNULL, stderr=DEVNULL)
            for place in range(processes)
        ]
        wait_for_workers(processes)
        begun, spent = time.monotonic(), sum(cpu_seconds(worker.pid) for worker in workers)
        for number_id in number_ids * processes:
            deliver_bulk.delay("broadcasts.BroadcastMessage", number_id)
        while rows.filter(status__in=["planned", "sending"]).exists():
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        spent = sum(cpu_seconds(worker.pid) for worker in workers) - spent
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()
    assert rows.filter(status="accepted").count() == messages == graph.accepted
    return messages / seconds, spent / messages * 1e6


def cpu_seconds(pid):
    """What a process has used of the processors so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_workers(processes):
    from chatbot_site.celery import app

    while len(app.control.ping(timeout=0.5) or []) < processes:
        pass


@contextmanager
def scratch_database():
    """A database beside that of DATABASE_URL, for this process and those it starts; gone afterwards."""
    import django

    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    parts = urlsplit(os.environ["DATABASE_URL"])
    os.environ["DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    try:
        yield
    finally:
        connection.creation.destroy_test_db(parts.path.lstrip("/"), verbosity=0)


CASES = [
    # goal, server latency in seconds, processes, numbers that send at once, the share of the limit that is the goal
    ("B1: one process, 0 ms", 0, 1, 4, 0.75),
    ("B1: two processes, 0 ms", 0, 2, 4, 0.75),
    ("B3: 100 ms, one process, one number", 0.1, 1, 1, 0.85),
    ("B3: 100 ms, two processes, one number at 1000/s", 0.1, 2, 1, None),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=8000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with scratch_database():
        print(f"{'':50} {'limit/s':>9} {'ours/s':>9} {'ratio':>6} {'goal':>6} {'CPU µs a message':>17}")
        for name, latency, processes, numbers, goal in CASES:
            figures = []
            for _ in range(options.runs):
                limit = measure_limit(options.messages, latency, processes)
                figures.append((limit, *measure_ours(options.messages, latency, processes, numbers)))
            limit, rate, cost = (statistics.median(run[place] for run in figures) for place in range(3))
            aim = f"{goal:.0%}" if goal else "1000/s"
            print(f"{name:50} {limit:9.0f} {rate:9.0f} {rate / limit:6.0%} {aim:>6} {cost:17.0f}", flush=True)
    print(f"Load average: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


if __name__ == "__main__":
    main()
