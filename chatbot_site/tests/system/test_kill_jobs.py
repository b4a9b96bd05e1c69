"""kill -9 of a process that has a row of every job in hand: after the next start each is done, and done once."""

import json
from functools import partial
from pathlib import Path

import pytest

from accounts.jobs import registry
from chatbot_site.tests.system import killed_jobs
from chatbot_site.tests.system.installation import NUMBER, make_environment, manage, rows, start
from chatbot_site.tests.system.processes import PATIENCE, wait_until
from whatsapp.simulator import server
from whatsapp.simulator.testing import SimulatedMeta
from whatsapp.testing import PNG

# The process is killed once for all of them.
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("killed jobs")]


@pytest.fixture(scope="module")
def meta():
    running = server.start()
    yield SimulatedMeta(running)
    running.stop()


@pytest.fixture(scope="module")
def select(meta, tmp_path_factory):
    """What SQL finds in the installation after the kill and the next start, while that runs."""
    folder = tmp_path_factory.mktemp("killed")
    environment = make_environment(folder, meta)
    meta.directory.numbers[NUMBER["phone_number_id"]].waba_id = killed_jobs.WABA_ID
    media = meta.simulator.add_media(PNG, "image/png")
    told = {"KILLED_JOBS": str(folder), "KILLED_MEDIA": media.id}
    script = "from chatbot_site.tests.system import killed_jobs; killed_jobs.main()"
    with open(folder / "log", "wb") as log:
        killed = manage({**environment, **told}, "shell", "-v", "0", "-c", script, stderr=log)
        try:
            wait_until(lambda: (folder / "ready").exists() or killed.poll() is not None)
            assert killed.poll() is None, (folder / "log").read_text()
        finally:
            killed.kill()
            killed.wait()
        process = start(environment, log)
    try:
        yield partial(rows, environment)
    finally:
        process.kill()
        process.wait()


#: Another number is being deleted.
OUR_NUMBER = f"phone_number_id = '{NUMBER['phone_number_id']}'"


def one(select, query):
    """The single row of a query once it is there and true."""
    found = []

    def is_there():
        found[:] = select(query)
        return found and all(value is not None for value in found[0])

    wait_until(is_there, PATIENCE)
    assert len(found) == 1
    return found[0]


def import_is_done(select, meta):
    one(select, "SELECT applied_at FROM customer_uploads")
    [(outcome,)] = select("SELECT outcome FROM customer_uploads")
    counts = json.loads(outcome)
    assert (counts["created"], counts["updated"], counts["failed"]) == (len(killed_jobs.IMPORTED), 0, 0)
    imported = select("SELECT phone FROM customers WHERE phone LIKE '+7925%' ORDER BY phone")
    assert [phone for (phone,) in imported] == killed_jobs.IMPORTED


def export_is_done(select, meta):
    one(select, "SELECT finished_at FROM conversation_exports")
    [(name, size)] = select("SELECT file, size FROM conversation_exports")
    [(folder,)] = [
        (Path(path).parent / "media",) for _n, kind, path in select("PRAGMA database_list") if kind == "main"
    ]
    content = (folder / name).read_bytes()
    assert len(content) == size
    texts = [line.get("text") for line in map(json.loads, content.splitlines())]
    assert [text for text in texts if text in killed_jobs.EXPORTED] == killed_jobs.EXPORTED


def plan_is_done(select, meta):
    one(select, "SELECT 1 FROM broadcasts WHERE status = 'planned'")
    assert select("SELECT COUNT(*) FROM broadcast_messages") == [(killed_jobs.PLANNED,)]


def deletion_is_done(select, meta):
    done, total, orphans = one(select, "SELECT done, total, orphans FROM deletions WHERE state = 'done'")
    assert (done, orphans) == (total, 0)
    assert select("SELECT phone_number_id FROM whatsapp_numbers") == [(NUMBER["phone_number_id"],)]


def call_is_failed_and_not_repeated(select, meta):
    one(select, f"SELECT 1 FROM messages WHERE text = '{killed_jobs.FAILED}'")
    [(event,)] = select("SELECT event FROM bot_turns WHERE event LIKE '%call_failed%'")
    assert json.loads(event)["why"] == "неизвестно, дошёл ли вызов"
    assert select("SELECT 1 FROM bot_calls") == []


def timer_has_fired(select, meta):
    one(select, f"SELECT 1 FROM messages WHERE text = '{killed_jobs.LATE}'")
    assert select("SELECT 1 FROM bot_timers WHERE kind = 'timeout'") == []


def picture_is_here(select, meta):
    one(select, "SELECT sha256 FROM media_files WHERE state = 'stored'")


def header_file_is_uploaded(select, meta):
    one(select, "SELECT 1 FROM header_files WHERE meta_id <> '' AND lease_until IS NULL")
    assert [request for request in meta.requests if request.path.endswith("/media")]


def events_are_recorded(select, meta):
    texts = ", ".join(f"'{text}'" for text in killed_jobs.WRITTEN)
    wait_until(lambda: select("SELECT 1 FROM webhook_events WHERE processed_at IS NULL") == [])
    recorded = select(f"SELECT text FROM messages WHERE text IN ({texts}) ORDER BY id")
    assert [text for (text,) in recorded] == killed_jobs.WRITTEN


def number_is_checked(select, meta):
    free = "check_lease_until IS NULL AND check_attempts = 0"
    one(select, f"SELECT checked_at FROM whatsapp_numbers WHERE {free} AND {OUR_NUMBER}")


def templates_are_read(select, meta):
    free = "templates_lease_until IS NULL AND templates_attempts = 0"
    one(select, f"SELECT 1 FROM whatsapp_numbers WHERE {free} AND {OUR_NUMBER}")
    assert [request for request in meta.requests if request.path.endswith("/message_templates")]


def setup_may_be_run_again(select, meta):
    assert select("SELECT lease_until FROM quick_setups") == [(None,)]


def message_for_later_is_sent(select, meta):
    one(select, f"SELECT 1 FROM messages WHERE text = '{killed_jobs.LATER}'")
    assert select("SELECT state FROM scheduled_messages") == [("sent",)]


DONE = {
    "import customers": import_is_done,
    "export conversations": export_is_done,
    "plan broadcasts": plan_is_done,
    "delete what is large": deletion_is_done,
    "call services": call_is_failed_and_not_repeated,
    "fire bot timers": timer_has_fired,
    "pass files to and from Meta": picture_is_here,
    "upload files of templates": header_file_is_uploaded,
    "process webhook events": events_are_recorded,
    "check numbers": number_is_checked,
    "read templates": templates_are_read,
    "send messages for later": message_for_later_is_sent,
    "run quick setups": setup_may_be_run_again,
}


@pytest.mark.parametrize("job", sorted(registry._jobs))
def test_what_a_killed_process_had_in_hand_is_done_once(job, select, meta):
    DONE[job](select, meta)
