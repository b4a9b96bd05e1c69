"""
How fast broadcasts go out (B1, B3, B4, B5): real Celery workers on PostgreSQL and Redis, and one `up` on SQLite, send
through the ledger to a fake Graph. The limit is the bare HTTP client with as many calls under way, in as many
processes. A number sends at most 1000/s, as Meta has it; for more, several send at once.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL

from .bare_client import TOKEN
from .measuring import SECRETS, database, in_turns, table, use

HERE = Path(__file__).resolve().parent
MESSAGES = 6000

#: Calls under way in a process: what whatsapp.sending.delivery leaves to bulk sending.
WINDOW = 90

#: What, its goal, the server's latency in seconds, processes, numbers that send at once.
CASES = [
    ("B1 one process, 0 ms, messages/s", "≥ 0.75 ×", 0, 1, 4),
    ("B1 two processes, 0 ms, messages/s", "≥ 0.75 ×", 0, 2, 4),
    ("B3 one process, 100 ms, one number", "≥ 0.85 ×", 0.1, 1, 1),
    ("B3 two processes, 100 ms, one number", "≥ 1000/s", 0.1, 2, 1),
]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def fake_graph(latency):
    """The URL of a fake Graph in a process of its own."""
    port = free_port()
    command = [sys.executable, HERE / "fake_graph.py", str(port), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=DEVNULL) as process:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        process.stdin.close()


def bare(latency, processes):
    """Messages a second of the bare client."""
    with fake_graph(latency) as url:
        command = [sys.executable, HERE / "bare_client.py", url, str(MESSAGES // processes), str(WINDOW)]
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]
        return MESSAGES / max(float(client.communicate()[0]) for client in clients)


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


def by_workers(latency, processes, numbers, costs):
    """Messages a second of Celery workers; appends their CPU microseconds a message to `costs`."""
    from chatbot_site.celery import app
    from whatsapp.sending.tasks import deliver_bulk

    number_ids = make_broadcasts(numbers)
    command = [sys.executable, "-m", "celery", "-A", "chatbot_site", "worker", "-Q", "bulk", "--loglevel", "ERROR"]
    command += ["--pool", "threads", "--concurrency", str(numbers), "--without-gossip", "--without-mingle"]
    with fake_graph(latency) as url:
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
        for worker in workers:
            worker.terminate()
            worker.wait()
    costs.append(spent / MESSAGES * 1e6)
    return MESSAGES / seconds


def cpu_seconds(pid):
    """What a process has used of the processors so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_workers():
    lines = []
    for what, goal, latency, processes, numbers in CASES:
        costs = []
        limit, ours = in_turns(
            lambda latency=latency, processes=processes: bare(latency, processes),
            lambda case=(latency, processes, numbers), costs=costs: by_workers(*case, costs),
            rounds=3,
        )
        lines.append((what, goal, f"{limit:.0f}", f"{ours:.0f}", f"{ours / limit:.2f}"))
        lines.append(("B4 CPU of a message", "≤ 250 µs", "", f"{sorted(costs)[len(costs) // 2]:.0f} µs", ""))
    table("Broadcasts on PostgreSQL and Redis", lines, rounds=3)


def measure_embedded():
    """`manage.py up` on SQLite, in a process of its own; this process only looks at its database."""
    with tempfile.TemporaryDirectory() as folder, fake_graph(0.03) as graph:
        use(f"sqlite:///{folder}/benchmark.db")
        [number_id] = make_broadcasts(1)
        port = free_port()
        environment = {**os.environ, "META_GRAPH_URL": graph, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
        command = [sys.executable, "manage.py", "up", "--port", str(port)]
        with subprocess.Popen(command, env=environment, stdout=DEVNULL, stderr=DEVNULL) as process:
            wait_for_the_first(number_id)
            ours = MESSAGES / seconds_to_send([number_id])
            process.kill()
    table("Broadcasts of one `up` on SQLite", [("B5 30 ms, messages/s", "≥ 500/s", "", f"{ours:.0f}", "")], rounds=1)


def wait_for_the_first(number_id):
    from broadcasts.models import BroadcastMessage

    while not BroadcastMessage.objects.filter(whatsapp_number=number_id).exclude(status="planned").exists():
        time.sleep(0.02)


def main():
    if sys.argv[1:] == ["embedded"]:
        return measure_embedded()
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with database("benchmark_broadcast") as url:
        use(url, redis_url)
        measure_workers()
    # Django's settings are made once in a process.
    environment = {**os.environ, **SECRETS, "REDIS_URL": ""}
    subprocess.run([sys.executable, "-m", "benchmarks.broadcast", "embedded"], env=environment, check=True)


if __name__ == "__main__":
    main()
