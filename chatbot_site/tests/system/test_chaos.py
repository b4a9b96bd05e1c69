"""
Webhooks posted three times each and in any order while one `up` is killed: each is stored and answered once, in order.
`python -m benchmarks.chaos` does it with thousands.
"""

import subprocess
from types import SimpleNamespace

import pytest

from chatbot_site.tests.system.chaos import ECHO, storm_on
from chatbot_site.tests.system.installation import NUMBER, make_environment, manage, rows, start
from chatbot_site.tests.system.processes import PATIENCE

pytestmark = pytest.mark.processes

KILLS = 2

SEED = f"""
from accounts.testing import make_business
from bots.testing import make_bot, make_published_scenario
from whatsapp.testing import make_number
make_published_scenario(make_bot(make_number(make_business(), **{NUMBER!r})), {ECHO!r})
"""


def test_a_storm_of_webhooks_is_stored_and_answered_once_each_by_one_process_that_is_killed(meta, tmp_path):
    environment = make_environment(tmp_path, meta)
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    number = SimpleNamespace(waba_id="102290129340398", **NUMBER)
    storm = storm_on(environment["PUBLIC_URL"], meta, number, lambda query: rows(environment, query))
    with open(tmp_path / "log", "wb") as log:
        running = [start(environment, log)]

        def kill_and_start():
            kill(running.pop())
            running.append(start(environment, log))

        try:
            storm.blow(KILLS, kill_and_start)
        finally:
            for process in running:
                kill(process)
    assert storm.findings().faults() == {}


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
