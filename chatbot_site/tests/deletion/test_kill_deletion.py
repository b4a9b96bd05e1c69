"""kill -9 in the middle of a large deletion, again and again: all of it goes, and nothing else."""

import json
import random
import time
from functools import partial

import pytest
import requests

from accounts.testing import PASSWORD
from chatbot_site.tests.deletion.deleted_rows import orphans, others
from chatbot_site.tests.system.installation import make_environment, manage, rows, start
from chatbot_site.tests.system.processes import PATIENCE, wait_until

pytestmark = pytest.mark.processes

KILLS = 3
EMAIL = "owner@example.com"

#: Makes two businesses, each with a number on which some 50,000 rows hang.
SEED = f"""
from accounts.testing import make_owner
from accounts.tests.deletion.rows import fill_number
from chatbot_site.tests.deletion.large_number import enlarge
stranger, owner = make_owner(), make_owner(email={EMAIL!r})
for user, phone_number_id in ((stranger, "10001"), (owner, "10002")):
    enlarge(fill_number(user, phone_number_id), customers=4000, messages=9, recipients=4000)
"""

DONE = "SELECT done FROM deletions"


@pytest.fixture
def environment(tmp_path, meta):
    return make_environment(tmp_path, meta)


def test_killed_again_and_again_a_deletion_ends_with_nothing_left_and_nothing_else_gone(environment, tmp_path):
    assert manage(environment, "shell", "-v", "0", "-c", SEED).wait(PATIENCE) == 0
    select = partial(rows, environment)
    [(number_id, business_id)] = select("SELECT id, business_id FROM whatsapp_numbers WHERE phone_number_id = '10002'")
    before = others(select, business_id)

    with open(tmp_path / "log", "wb") as log:
        process = start(environment, log)
        try:
            counted, asked = ask(environment, number_id)
            for _kill in range(KILLS):
                [(so_far,)] = select(DONE)
                wait_until(lambda so_far=so_far: select(DONE)[0][0] > so_far or is_done(select))
                time.sleep(random.uniform(0, 0.1))
                process.kill()
                process.wait()
                process = start(environment, log)
            wait_until(lambda: is_done(select))
        finally:
            process.kill()
            process.wait()

    [(done, total, left_behind, receipt)] = select("SELECT done, total, orphans, counts FROM deletions")
    removed = json.loads(receipt)
    assert (done, sum(removed.values()), left_behind) == (total, total, 0)
    assert {kind: removed[kind] for kind in counted} == counted
    assert asked["total"] == total > 50_000
    assert orphans(select) == []
    assert others(select, business_id) == before
    assert select(f"SELECT 1 FROM whatsapp_numbers WHERE id = {number_id}") == []


def ask(environment, number_id):
    """Ask for the deletion by API: what the preview counted, and the answer."""
    api = f"{environment['PUBLIC_URL']}/api/v1"
    login = requests.post(f"{api}/auth/login/", json={"email": EMAIL, "password": PASSWORD}, timeout=30)
    headers = {"Authorization": f"Token {login.json()['token']}"}
    number = f"{api}/whatsapp-numbers/{number_id}/"
    counted = requests.get(f"{number}delete-preview/", headers=headers, timeout=30).json()
    answer = requests.delete(number, headers=headers, timeout=30)
    assert answer.status_code == 202
    assert requests.get(number, headers=headers, timeout=30).status_code == 404
    assert requests.get(f"{api}/deletions/{answer.json()['id']}/", headers=headers, timeout=30).ok
    return counted, answer.json()


def is_done(select):
    return select("SELECT state FROM deletions") == [("done",)]
