"""kill -9 at any moment, and start again: what was accepted is kept, and nobody is answered twice. And Ctrl-C."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from whatsapp.simulator import faults

from .processes import PATIENCE, answers, free_port, wait_until

PEOPLE = [f"+7916{serial:07}" for serial in range(60)]
#: Who writes after each start, before the kill.
ROUNDS = [PEOPLE[first : first + 15] for first in range(0, 60, 15)]
ANSWER = "Вы написали: %s"
NUMBER = {
    "phone_number": "+74951234567",
    "phone_number_id": "106540352242922",
    "access_token": "EAAtoken",
    "app_secret": "the-shops-app-secret",
}

#: Makes the database, and in it a number whose bot answers everybody.
SEED = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from accounts.testing import make_business
from bots.testing import document, make_bot, make_published_scenario
from whatsapp.testing import make_number
number = make_number(make_business(), **{NUMBER!r})
echo = document({{"key": "echo", "kind": "end", "text": {ANSWER % "{{message.text}}"!r}}})
make_published_scenario(make_bot(number), echo)
"""


@pytest.fixture
def environment(tmp_path, meta):
    """The environment of an installation of its own, connected to the simulated Meta."""
    meta.simulator.add_number(
        NUMBER["phone_number_id"], NUMBER["phone_number"], NUMBER["access_token"], app_secret=NUMBER["app_secret"]
    )
    port = free_port()
    return {
        **os.environ,
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'kill.db'}",
        "REDIS_URL": "",
        "META_GRAPH_URL": meta.url,
        "SECRET_KEY": "only-for-this-test-0123456789-0123456789-0123456789",
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "META_VERIFY_TOKEN": "verify-me",
        "PYTHONUTF8": "1",
    }


def manage(environment, *arguments, **more):
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        **more,
    )


def start(environment, log):
    process = manage(environment, "up", "--port", environment["PORT"], stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: answers(f"{environment['PUBLIC_URL']}/readyz"))
    except AssertionError:
        process.kill()
        raise
    return process


def rows(environment, query):
    """What an SQL query finds in the installation's database."""
    connection = sqlite3.connect(environment["DATABASE_URL"].removeprefix("sqlite:///"), timeout=20)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_killed_again_and_again_it_answers_everybody_once(environment, meta, tmp_path):
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    prepare(meta, environment)

    with open(tmp_path / "log", "wb") as log:
        for people in ROUNDS:
            process = start(environment, log)
            for phone in people:
                write_hello(meta, phone)
            time.sleep(random.uniform(0.05, 0.7))
            process.kill()
            process.wait()
        process = start(environment, log)
        try:
            wait_until(lambda: is_settled(environment))
        finally:
            process.kill()
            process.wait()

    assert sorted(rows(environment, "SELECT text FROM messages WHERE direction = 'in'")) == [(p,) for p in PEOPLE]
    unknown = {text for (text,) in rows(environment, "SELECT text FROM messages WHERE status = 'unknown'")}
    for phone in PEOPLE:
        answer = ANSWER % phone
        assert meta.texts_to(phone) == ([] if answer in unknown else [answer])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal to send")
def test_stopped_by_ctrl_c_it_learns_what_became_of_a_send_under_way(environment, meta, tmp_path):
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    meta.post_webhooks_to(environment["PUBLIC_URL"])
    meta.faults.hold_statuses = True
    meta.faults.on_send(faults.slow(2))

    with open(tmp_path / "log", "wb") as log:
        process = start(environment, log)
        write_hello(meta, PEOPLE[0])
        wait_until(lambda: rows(environment, "SELECT 1 FROM messages WHERE status = 'sending'"))
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0

    assert rows(environment, "SELECT status FROM messages WHERE direction = 'out'") == [("accepted",)]


def prepare(meta, environment):
    """Webhooks are posted in small pieces, twice each, and again soon; answers of Meta take a moment."""
    courier = meta.simulator.courier
    courier.BATCH, courier.LONGEST_WAIT, courier.copies = 3, 0.5, 2
    meta.faults.on_send(faults.slow(0.03), times=None)
    meta.post_webhooks_to(environment["PUBLIC_URL"])


def write_hello(meta, phone):
    meta.simulator.customer_sends(NUMBER["phone_number_id"], phone, {"type": "text", "text": {"body": phone}})


def is_settled(environment):
    """Whether every message is recorded and looked at, and every answer read or unknown."""
    automated = rows(environment, "SELECT 1 FROM messages WHERE direction = 'in' AND automated_at IS NOT NULL")
    ended = rows(
        environment, "SELECT 1 FROM messages WHERE direction = 'out' AND status IN ('read', 'unknown', 'failed')"
    )
    return len(automated) == len(ended) == len(PEOPLE)
