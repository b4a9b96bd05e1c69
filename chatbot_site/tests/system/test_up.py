"""`manage.py up` as people start it: a process of its own in a clone of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from chatbot_site.demo import story
from chatbot_site.operations.environment import BASE_DIR
from chatbot_site.tests.system.processes import PATIENCE, answers, free_port, wait_until

# Together, because they share the clone and its database.
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("up")]

CODE = ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site", "manage.py", ".env.example")


#: What pytest sets for the tests' own process.
OURS = {
    "READ_DOT_ENV",
    "SECRET_KEY",
    "FIELD_KEYS",
    "META_VERIFY_TOKEN",
    "META_APP_SECRET",
    "REGISTRATION_RATE",
    "DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The project's code in a folder of its own, with a space and a Cyrillic name in its path."""
    folder = tmp_path_factory.mktemp("Мой бот")
    for name in CODE:
        source = BASE_DIR / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture
def start(clone):
    """Start `up` there; whatever still runs at the end of the test is ended."""
    started = []
    environment = {name: value for name, value in os.environ.items() if name not in OURS} | {"PYTHONUTF8": "1"}

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", *arguments],
            cwd=clone,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_until_ready(port, process):
    def is_ready():
        assert process.poll() is None, process.communicate()[0]
        return answers(f"http://127.0.0.1:{port}/readyz")

    wait_until(is_ready)


#: How a process is asked to stop: Ctrl-C and the system's way, or Ctrl-Break, the one that Windows can send.
WAYS_TO_STOP = [signal.CTRL_BREAK_EVENT] if sys.platform == "win32" else [signal.SIGINT, signal.SIGTERM]


def stop(process, how=WAYS_TO_STOP[0]):
    process.send_signal(how)
    return process.communicate(timeout=PATIENCE)[0]


def test_it_starts_in_a_fresh_clone_and_says_where(start, clone):
    port = free_port()
    process = start("--port", str(port))
    wait_until_ready(port, process)
    assert requests.get(f"http://127.0.0.1:{port}/admin/login/", timeout=5).ok
    said = stop(process)
    assert f"http://127.0.0.1:{port}" in said
    assert "/register/" in said
    assert "Traceback" not in said
    assert process.returncode == 0
    assert (clone / ".env").exists()


def test_it_keeps_nothing_but_its_settings_and_databases(start, clone):
    port = free_port()
    process = start("--port", str(port))
    wait_until_ready(port, process)
    stop(process)
    kept = {path.name for path in clone.iterdir()} - {*CODE, ".env"}
    assert [name for name in kept if ".db" not in name] == []


@pytest.mark.parametrize("how", WAYS_TO_STOP)
def test_asked_to_stop_it_stops_within_seconds(start, how):
    port = free_port()
    process = start("--port", str(port))
    wait_until_ready(port, process)
    began = time.monotonic()
    stop(process, how)
    assert time.monotonic() - began < 15
    assert process.returncode == 0


def test_a_second_one_on_the_same_database_is_refused(start):
    port = free_port()
    first = start("--port", str(port))
    wait_until_ready(port, first)
    second = start("--port", str(free_port()))
    said = second.communicate(timeout=PATIENCE)[0]
    assert second.returncode == 1
    assert "Ctrl-C" in said
    assert "Traceback" not in said
    assert requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).ok


def test_right_after_a_kill_it_starts_again(start):
    port = free_port()
    first = start("--port", str(port))
    wait_until_ready(port, first)
    first.kill()
    first.wait()
    second = start("--port", str(port))
    wait_until_ready(port, second)
    stop(second)
    assert second.returncode == 0


def test_a_taken_port_is_said_in_one_sentence(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = start("--port", str(port))
        said = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 1
    assert str(port) in said
    assert "--port" in said
    assert "Traceback" not in said


def test_the_demo_lets_one_in_and_answers_a_customer(start):
    port = free_port()
    process = start("--demo", "--port", str(port))
    wait_until_ready(port, process)
    assert sign_in(f"http://127.0.0.1:{port}").url.endswith("/admin/")
    answer_to("Добрый день", f"http://127.0.0.1:{port + 1}")
    said = stop(process)
    assert story.OWNER["email"] in said
    assert story.PASSWORD in said
    assert f"http://127.0.0.1:{port + 1}" in said
    assert "Traceback" not in said


def sign_in(url):
    """The page that follows when the demo's owner signs in."""
    with requests.Session() as browser:
        browser.get(f"{url}/admin/login/", timeout=5)
        form = {
            "username": story.OWNER["email"],
            "password": story.PASSWORD,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            "next": "/admin/",
        }
        return browser.post(f"{url}/admin/login/", form, timeout=5)


def answer_to(text, simulator):
    """Write on the simulator's page, and wait for what comes back."""
    customer = requests.post(f"{simulator}/customers", json={"phone": "+79160000001"}, timeout=5).json()["customer"]
    chat = {"number": story.SHOP["phone_number_id"], "customer": customer}
    requests.post(f"{simulator}/messages", json={**chat, "text": text}, timeout=5).raise_for_status()

    def answers():
        messages = requests.get(f"{simulator}/state", chat, timeout=5).json()["chat"]["messages"]
        return [message["text"] for message in messages if not message["mine"]]

    wait_until(answers)
