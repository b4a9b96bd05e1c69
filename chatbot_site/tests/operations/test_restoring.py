"""What restore_db and init_db refuse, what they keep, and that a kill leaves one database or the other."""

import gc
import hashlib
import io
import json
import random
import sqlite3
import tarfile
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.models import Business
from accounts.testing import make_business
from chatbot_site.operations import database_lock
from chatbot_site.operations.backups import archive, create, restore
from chatbot_site.tests.operations.other_databases import another_database
from chatbot_site.tests.system.installation import make_environment, manage, rows
from chatbot_site.tests.system.processes import PATIENCE, wait_until
from crm.models import Message
from crm.testing import make_conversation, make_message, make_picture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_else_is_connected() -> None:
    """Connections that threads of earlier tests had are closed when they are collected."""
    gc.collect()


@pytest.fixture(autouse=True)
def _alone():
    """Checks of an earlier test may still look at the database in threads of their own."""
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "health"])


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MEDIA_ROOT, settings.BACKUP_DIR = tmp_path / "media", tmp_path / "backups"


@pytest.fixture
def backup():
    """A backup with a conversation whose answer waits to be sent, and a picture."""
    conversation = make_conversation()
    make_message(conversation, "Waits", direction="out", status="queued", wamid=None)
    make_picture(conversation)
    path, _manifest = create.make()
    return path


def is_as_it_was():
    return Message.objects.filter(text="Waits", status="queued").exists()


def test_a_database_with_data_is_not_replaced(backup):
    with pytest.raises(CommandError, match="--force"):
        restore.restore(backup)
    assert is_as_it_was()


def test_what_was_there_is_backed_up_before(backup, tmp_path):
    make_business("Came later")
    _manifest, before = restore.restore(backup, force=True)
    assert not Business.objects.filter(name="Came later").exists()
    restore.restore(before, force=True)
    assert Business.objects.filter(name="Came later").exists()


def test_into_an_empty_database_nothing_is_backed_up(backup, tmp_path):
    with another_database(tmp_path):
        _manifest, before = restore.restore(backup)
        assert before is None
        assert Message.objects.get(text="Waits").status == "unknown"


def test_while_up_runs_nothing_is_replaced(backup):
    with database_lock.only_one():
        with pytest.raises(CommandError):
            restore.restore(backup, force=True)
        with pytest.raises(CommandError):
            restore.initialize(force=True)
    assert is_as_it_was()


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(backup, part):
    content = backup.read_bytes()
    backup.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(CommandError, match=backup.name):
        restore.restore(backup, force=True)
    assert is_as_it_was()


def test_a_file_with_any_altered_byte_is_refused_or_holds_the_same(backup):
    content = backup.read_bytes()
    manifest = archive.read(backup)
    for _ in range(100):
        position = random.randrange(len(content))
        altered = bytes([content[position] ^ (1 << random.randrange(8))])
        backup.write_bytes(content[:position] + altered + content[position + 1 :])
        with suppress(CommandError):
            assert archive.read(backup) == manifest


@pytest.mark.parametrize("part", ["database", "media"])
def test_a_part_that_is_not_what_the_manifest_says_is_refused(backup, part):
    rewrite(backup, part, lambda content: content[:-1] + b"x")
    with pytest.raises(CommandError):
        restore.restore(backup, force=True)
    assert is_as_it_was()


def rewrite(path, part, change):
    """Write a backup again with one part changed."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if name.startswith(part) else content)


def test_a_file_that_leads_out_of_the_folder_is_refused(backup, tmp_path):
    (tmp_path / "outside").write_text("")
    with io.BytesIO() as file, tarfile.open(fileobj=file, mode="w") as tar:
        tar.add(tmp_path / "outside", arcname="../outside.txt")
        tar.close()
        content = file.getvalue()
    rewrite(backup, "media", lambda _old: content)
    rewrite(backup, "manifest", lambda old: described(old, "media.tar", content))
    with pytest.raises(CommandError):
        restore.restore(backup, force=True)
    assert is_as_it_was() and not list(tmp_path.rglob("outside.txt"))


def described(manifest, part, content):
    """A manifest in which a part is described as this content."""
    facts = json.loads(manifest)
    facts["parts"][part] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(facts).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"migrations": [["crm", "9999_from_the_future"]]},
        {"format": 2},
        {"database": "oracle"},
        {"rows": {"messages": 1_000_000}},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(backup, changes):
    rewrite(backup, "manifest", lambda content: json.dumps({**json.loads(content), **changes}))
    with pytest.raises(CommandError):
        restore.restore(backup, force=True)
    assert is_as_it_was()


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(CommandError, match="nowhere.zip"):
        call_command("restore_db", str(tmp_path / "nowhere.zip"))


def test_the_command_says_when_the_keys_are_others(backup, settings, capsys):
    settings.LANGUAGE_CODE = "en"
    settings.FIELD_KEYS = ["cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="]
    call_command("restore_db", str(backup), force=True)
    assert "FIELD_KEYS" in capsys.readouterr().out


@pytest.mark.slow
def test_a_backup_of_an_earlier_version_is_migrated(tmp_path, settings):
    with another_database(tmp_path):
        call_command("migrate", "bots", "0002", verbosity=0)
        call_command("migrate", "crm", "0004", verbosity=0)
        path, _manifest = create.make()
    with another_database(tmp_path):
        restore.restore(path)
        assert ("crm", "0005_try_out_imports_in_steps") in MigrationRecorder(connection).applied_migrations()
        make_business()


@pytest.mark.slow
def test_before_a_new_version_migrates_a_backup_is_made(tmp_path, settings):
    said = []
    with another_database(tmp_path):
        create.before_migrating(said.append)
        call_command("migrate", "crm", "0004", verbosity=0)
        create.before_migrating(said.append)
        call_command("migrate", verbosity=0)
        create.before_migrating(said.append)
    [path] = settings.BACKUP_DIR.iterdir()
    assert len(said) == 1
    assert str(path) in said[0]


@pytest.mark.slow
def test_init_db_makes_an_empty_database_and_refuses_data(tmp_path):
    with another_database(tmp_path):
        call_command("init_db")
        make_business()
        with pytest.raises(CommandError, match="--force"):
            call_command("init_db")
        call_command("init_db", force=True)
        assert not Business.objects.exists()
        make_business()


# SQLite alone


@pytest.fixture
def installation(tmp_path, meta):
    """The environment of an installation on SQLite that has a backup, and the database's path."""
    environment = make_environment(tmp_path, meta) | {"BACKUP_DIR": str(tmp_path)}
    assert manage(environment, "backup_db", "--output", str(tmp_path / "mine.zip")).wait(PATIENCE) == 0
    return environment, Path(environment["DATABASE_URL"].removeprefix("sqlite:///"))


def restore_there(installation, tmp_path):
    environment, _database = installation
    return manage(environment, "restore_db", str(tmp_path / "mine.zip"), "--force").wait(PATIENCE)


@pytest.mark.processes
def test_a_damaged_database_is_kept_and_replaced(installation, tmp_path):
    environment, database = installation
    database.write_bytes(b"SQLite format 3\0" + b"damaged" * 1000)
    assert restore_there(installation, tmp_path) == 0
    [kept] = tmp_path.glob("*.damaged-*.db")
    assert kept.read_bytes().endswith(b"damaged")
    assert rows(environment, "SELECT COUNT(*) FROM users") == [(0,)]


@pytest.mark.processes
def test_while_another_program_uses_the_file_nothing_is_replaced(installation, tmp_path):
    _environment, database = installation
    with closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN").execute("SELECT * FROM users").fetchall()
        assert restore_there(installation, tmp_path) == 1
    assert not list(tmp_path.glob("*.restoring*"))


# PostgreSQL alone


@pytest.mark.services
def test_tables_of_another_program_are_left_alone(backup, tmp_path):
    with another_database(tmp_path):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE orders (id int)")
        for replace in (lambda: restore.restore(backup, force=True), lambda: restore.initialize(force=True)):
            with pytest.raises(CommandError, match="orders"):
                replace()


@contextmanager
def connected_as(name):
    """Another process with a connection to the database, that calls itself so."""
    other = connection.copy()
    other.settings_dict = {**other.settings_dict, "OPTIONS": {"application_name": name}}
    with closing(other), other.cursor() as cursor:
        cursor.execute("SELECT 1")
        yield


needs_postgres = pytest.mark.postgresql


@needs_postgres
@pytest.mark.parametrize("role", ["web", "worker", "beat", "backup_db"])
def test_while_processes_of_ours_are_connected_nothing_is_replaced(backup, role):
    with connected_as(f"chatbot_site {role}"):
        for replace in (lambda: restore.restore(backup, force=True), lambda: restore.initialize(force=True)):
            with pytest.raises(CommandError, match=rf" {role} \(\d+\)"):
                replace()
    assert is_as_it_was()


@needs_postgres
def test_a_connection_without_a_name_is_an_older_process_of_ours(backup):
    with connected_as(""), pytest.raises(CommandError, match=r"\? \(\d+\)"):
        restore.restore(backup, force=True)
    assert is_as_it_was()


@needs_postgres
def test_an_idle_console_of_the_server_hinders_nobody(backup):
    with connected_as("psql"):
        restore.restore(backup, force=True)
    assert not is_as_it_was()
