"""W1: how fast a webhook is stored and answered, against a minimal Django view under the same server."""

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

import psycopg
import yaml

from .measuring import SECRETS, database, in_turns, table

ROOT = Path(__file__).resolve().parent.parent
SECRET = "the-app-secret"
CONNECTIONS = 16
SECONDS = 4
NUMBER = {"phone_number_id": "106540352242922", "waba_id": "102290129340398", "phone_number": "+74951234567"}


def main():
    redis_url = os.environ.get("REDIS_URL") or sys.exit("Set REDIS_URL: its database is used.")
    with ExitStack() as stack:
        url = stack.enter_context(database("benchmark_webhook"))
        environment = {**os.environ, **SECRETS, "DATABASE_URL": url, "REDIS_URL": redis_url}
        prepare(environment, url)
        ours = stack.enter_context(gunicorn("chatbot_site.wsgi", environment))
        minimal = stack.enter_context(gunicorn("benchmarks.minimal_webhook", environment))
        requests = [request_of(serial) for serial in range(500)]
        p99 = {ours: [], minimal: []}
        rates = in_turns(*(lambda port=port: measure(port, requests, p99[port]) for port in (minimal, ours)))
    slowest = [statistics.median(p99[port]) for port in (minimal, ours)]
    table(
        f"W1 webhook: durable ack, {CONNECTIONS} connections",
        [
            ("requests/s", "≥ 0.90 ×", *(f"{rate:.0f}" for rate in rates), f"{rates[1] / rates[0]:.2f}"),
            ("p99", "≤ 1.50 ×", *(f"{t * 1000:.1f} ms" for t in slowest), f"{slowest[1] / slowest[0]:.2f}"),
        ],
    )


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


@contextmanager
def gunicorn(application, environment):
    """The port of a server like that of deploy/compose.yaml."""
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = (
        services["web"]["command"]
        .replace("chatbot_site.wsgi", application)
        .replace("0.0.0.0:8000", f"127.0.0.1:{port}")
    )
    process = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command), "--log-level", "error"], cwd=ROOT, env=environment
    )
    try:
        wait_for(port)
        yield port
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


def measure(port, requests, p99):
    """Requests answered in a second, by connections that are kept open and used one request after the other."""
    times = asyncio.run(load(port, requests))
    p99.append(statistics.quantiles(times, n=100)[-1])
    return len(times) / SECONDS


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
    main()
