"""An installation of its own, as `manage.py up` runs it, connected to the simulated Meta; it may be killed."""

import os
import sqlite3
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.fernet import Fernet
from django.conf import settings

from chatbot_site.tests.system.processes import answers, free_port, wait_until

NUMBER = {
    "phone_number": "+74951234567",
    "phone_number_id": "106540352242922",
    "access_token": "EAAtoken",
    "app_secret": "the-shops-app-secret",
}


def make_environment(folder, meta):
    """The environment of an installation in a folder. Its database is migrated and empty, its NUMBER known to Meta."""
    meta.directory.add_number(
        NUMBER["phone_number_id"], NUMBER["phone_number"], NUMBER["access_token"], app_secret=NUMBER["app_secret"]
    )
    (folder / "kill.db").write_bytes(migrated_database())
    port = free_port()
    return {
        **os.environ,
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder / 'kill.db'}",
        "MEDIA_ROOT": str(folder / "media"),
        "REDIS_URL": "",
        "META_GRAPH_URL": meta.url,
        "SECRET_KEY": "only-for-this-test-0123456789-0123456789-0123456789",
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "META_VERIFY_TOKEN": "verify-me",
        "PYTHONUTF8": "1",
    }


@cache
def migrated_database():
    """A database file in which nothing is yet: migrating takes as long as most tests, so they share it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        environment = {**os.environ, "DATABASE_URL": f"sqlite:///{path}", "REDIS_URL": ""}
        assert manage(environment, "migrate", "--verbosity", "0").wait() == 0
        return path.read_bytes()


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
