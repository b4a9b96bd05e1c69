"""kill -9 at any moment, and start again: what was accepted is kept, and nobody is answered twice. And Ctrl-C."""

import random
import signal
import sys
import time

import pytest

from chatbot_site.tests.system.installation import NUMBER, make_environment, manage, rows, start
from chatbot_site.tests.system.processes import PATIENCE, wait_until
from whatsapp.simulator.graph import faults
from whatsapp.testing import PNG

pytestmark = pytest.mark.processes

PEOPLE = [f"+7916{serial:07}" for serial in range(60)]
#: Who writes after each start, before the kill.
ROUNDS = [PEOPLE[first : first + 15] for first in range(0, 60, 15)]
ANSWER = "Вы написали: %s"

#: The files of customers that are here.
STORED = "SELECT file FROM media_files WHERE state = 'stored'"

#: Makes a number whose bot answers everybody.
SEED = f"""
from accounts.testing import make_business
from bots.testing import document, make_bot, make_published_scenario
from whatsapp.testing import make_number
number = make_number(make_business(), **{NUMBER!r})
echo = document({{"key": "echo", "kind": "end", "text": {ANSWER % "{{message.text}}"!r}}})
make_published_scenario(make_bot(number), echo)
"""


@pytest.fixture
def environment(tmp_path, meta):
    return make_environment(tmp_path, meta)


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


#: Makes a number whose bot asks, and says something when there is no answer for 3 s.
ASKING_SEED = f"""
from accounts.testing import make_business
from bots.testing import document, make_bot, make_published_scenario
from whatsapp.testing import make_number
number = make_number(make_business(), **{NUMBER!r})
timeout = {{"seconds": 3, "next": "bye"}}
asking = document(
    {{"key": "ask", "kind": "ask", "answer": "text", "text": "Как вас зовут?", "save_to": "name", "timeout": timeout}},
    {{"key": "bye", "kind": "end", "text": "До встречи!"}},
)
make_published_scenario(make_bot(number), asking)
"""


def test_a_timer_set_before_a_kill_fires_once_after_it(environment, meta, tmp_path):
    assert manage(environment, "shell", "-v", "0", "-c", ASKING_SEED).wait(PATIENCE) == 0
    meta.post_webhooks_to(environment["PUBLIC_URL"])
    [phone, *_others] = PEOPLE

    with open(tmp_path / "log", "wb") as log:
        process = start(environment, log)
        write_hello(meta, phone)
        wait_until(lambda: meta.texts_to(phone))
        process.kill()
        process.wait()
        for _ in range(2):
            process = start(environment, log)
            wait_until(lambda: len(meta.texts_to(phone)) == 2)
            process.kill()
            process.wait()

    assert meta.texts_to(phone) == ["Как вас зовут?", "До встречи!"]


def test_killed_again_and_again_it_fetches_every_picture(environment, meta, tmp_path):
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    meta.post_webhooks_to(environment["PUBLIC_URL"])
    meta.simulator.courier.MAX_RETRY_DELAY = 0.5

    with open(tmp_path / "log", "wb") as log:
        for people in ROUNDS:
            process = start(environment, log)
            for phone in people:
                picture = PNG + phone.encode()
                meta.simulator.customer_sends_file(NUMBER["phone_number_id"], phone, picture, "image/png")
            time.sleep(random.uniform(0.05, 0.7))
            process.kill()
            process.wait()
        process = start(environment, log)
        try:
            wait_until(lambda: len(rows(environment, STORED)) == len(PEOPLE))
        finally:
            process.kill()
            process.wait()

    stored = [(tmp_path / "media" / name).read_bytes() for (name,) in rows(environment, STORED)]
    assert sorted(stored) == [PNG + phone.encode() for phone in PEOPLE]


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
    courier.BATCH, courier.MAX_RETRY_DELAY, courier.copies = 3, 0.5, 2
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
