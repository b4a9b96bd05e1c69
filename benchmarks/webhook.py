"""
W1: how fast a webhook is stored and answered, against a minimal Django view under the same server. W2: the same by the
best of some other layouts of the server.
"""

import asyncio
import hmac
import json
import os
import re
import shlex
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import yaml

from .cpu import cpu_seconds
from .measuring import SECRETS, database, in_turns, main
from .results import Row

ROOT = Path(__file__).resolve().parent.parent
SECRET = "the-app-secret"
CONNECTIONS = 16
SECONDS = 3
NUMBER = {"phone_number_id": "106540352242922", "waba_id": "102290129340398", "phone_number": "+74951234567"}


#: Other ways to run gunicorn than deploy/compose.yaml's.
LAYOUTS = ["--workers 3 --threads 4", "--workers 4 --threads 4"]


def rows(_whole):
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with ExitStack() as stack:
        url = stack.enter_context(database("benchmark_webhook"))
        environment = {**os.environ, **SECRETS, "DATABASE_URL": url, "REDIS_URL": redis_url}
        prepare(environment, url)
        requests = [request_of(serial) for serial in range(500)]
        servers = [stack.enter_context(gunicorn("benchmarks.minimal_webhook", environment))]
        servers += [stack.enter_context(gunicorn("chatbot_site.wsgi", environment, it)) for it in ["", *LAYOUTS]]
        limit, ours, *others = in_turns(*(lambda server=server: measure(server, requests) for server in servers))
    costs = {"cpu": ours[2] * 1e6, "limit_cpu": limit[2] * 1e6}
    yield Row("W1 durable ack, requests", "≥ 0.95 ×", ours[0], "/s", limit[0], **costs)
    yield Row("W1 p99", "≤ 1.1 ×", ours[1] * 1000, "ms", limit[1] * 1000)
    layouts = {"compose.yaml": ours, **dict(zip(LAYOUTS, others, strict=True))}
    best = max(layouts, key=lambda name: layouts[name][0])
    yield Row(f"W2 best layout ({best})", "≥ 2 ×", layouts[best][0], "/s", limit[0], layouts[best][2] * 1e6)


def prepare(environment, url):
    """Migrate, make the one number there is, and the table of the yardstick."""
    seed = (
        "from accounts.testing import make_business\nfrom whatsapp.testing import make_number\n"
        f"make_number(make_business(), app_secret={SECRET!r}, **{NUMBER!r})"
    )
    for command in (["migrate", "--verbosity", "0"], ["shell", "--verbosity", "0", "--command", seed]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE minimal_events (id bigserial PRIMARY KEY, body jsonb NOT NULL, "
            "received_at timestamptz NOT NULL DEFAULT now())"
        )


class Server(NamedTuple):
    port: int
    pid: int


@contextmanager
def gunicorn(application, environment, layout=""):
    """A server like that of deploy/compose.yaml, but for what a layout says otherwise."""
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = (
        services["web"]["command"]
        .replace("chatbot_site.wsgi", application)
        .replace("0.0.0.0:8000", f"127.0.0.1:{port}")
    )
    process = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(f"{command} {layout}"), "--log-level", "error"], cwd=ROOT, env=environment
    )
    try:
        wait_for(port)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(port):
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)


def request_of(serial):
    """A whole HTTP request with one text message, as Meta posts it."""
    message = {
        "from": "79161234567",
        "id": f"wamid.BENCHMARK{serial:06}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": "Здравствуйте! Вы сегодня открыты?"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "74951234567", "phone_number_id": NUMBER["phone_number_id"]},
        "contacts": [{"profile": {"name": "Anna"}, "wa_id": "79161234567"}],
        "messages": [message],
    }
    entry = {"id": NUMBER["waba_id"], "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    head = (
        "POST /webhooks/whatsapp/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Hub-Signature-256: sha256={hmac.digest(SECRET.encode(), body, 'sha256').hex()}\r\n\r\n"
    )
    return head.encode() + body


def measure(server, requests):
    """Requests a second by connections that are kept and used one request after the other, p99, CPU of one."""
    before = cpu_seconds([server.pid])
    times = asyncio.run(load(server.port, requests))
    used = cpu_seconds([server.pid]) - before
    return len(times) / SECONDS, statistics.quantiles(times, n=100)[-1], used / len(times)


async def load(port, requests):
    enough = time.perf_counter() + SECONDS
    clients = [client(port, requests[start::CONNECTIONS], enough) for start in range(CONNECTIONS)]
    return [taken for times in await asyncio.gather(*clients) for taken in times]


async def client(port, requests, enough):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    while time.perf_counter() < enough:
        began = time.perf_counter()
        writer.write(requests[len(times) % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            sys.exit(f"Not answered 200:\n{head.decode()}")
        if length := re.search(rb"content-length: (\d+)", head.lower()):
            await reader.readexactly(int(length.group(1)))
        else:
            await reader.readuntil(b"0\r\n\r\n")
        times.append(time.perf_counter() - began)
        if b"connection: close" in head.lower():
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    return times


if __name__ == "__main__":
    main({f"W webhook: durable ack, {CONNECTIONS} connections": rows})
