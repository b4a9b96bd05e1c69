"""A backup that reports success restores, with all that was committed before it began."""

import json
import os
import random
import shutil
import sqlite3
import threading
import time
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from accounts.testing import make_business
from chatbot_site.operations.backups import archive, create, disk_errors, postgres_copy, restore
from chatbot_site.tests.operations.other_databases import another_database
from crm.models import Customer
from crm.testing import make_customer, make_picture

pytestmark = pytest.mark.django_db(transaction=True)

#: So many backups are made while rows are written (BACKUPS=40 for more): PostgreSQL starts programs for each.
TIMES = {"sqlite": 40, "postgresql": 5}


@pytest.fixture(autouse=True)
def backup_dir(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BACKUP_DIR = tmp_path / "backups"
    return settings.BACKUP_DIR


class Writer(threading.Thread):
    """Commits one customer after the other, and knows which are committed."""

    def __init__(self, business):
        super().__init__(daemon=True)
        self.business = business
        self.committed = []
        self.is_over = threading.Event()

    def run(self):
        try:
            while not self.is_over.wait(0.002):
                self.committed.append(make_customer(self.business).pk)
        finally:
            connection.close()


@pytest.fixture
def writers():
    writers = [Writer(make_business()) for _ in range(3)]
    for writer in writers:
        writer.start()
    yield writers
    for writer in writers:
        writer.is_over.set()
        writer.join()


@pytest.mark.slow
def test_under_write_load_every_backup_restores_with_every_row_committed_before_it(writers, tmp_path):
    for _ in range(int(os.environ.get("BACKUPS", TIMES[connection.vendor]))):
        time.sleep(random.uniform(0, 0.05))
        committed = {pk for writer in writers for pk in list(writer.committed)}
        path, _manifest = create.make()
        with another_database(tmp_path):
            restore.restore(path)
            restored = set(Customer.objects.values_list("pk", flat=True))
        assert committed <= restored
    assert all(writer.is_alive() and writer.committed for writer in writers)


def test_a_file_with_a_row_is_in_the_backup(tmp_path, settings):
    file = make_picture(content=b"a picture").file.name
    path, _manifest = create.make()
    shutil.rmtree(settings.MEDIA_ROOT)
    restore.restore(path, force=True)
    assert (settings.MEDIA_ROOT / file).read_bytes() == b"a picture"


def test_the_newest_backups_are_kept_and_other_files_too(backup_dir):
    backup_dir.mkdir()
    for name in ("notes.zip", "chatbot-2026-01-01-000000.zip", "before-restoring-2026-01-01-000000.zip"):
        (backup_dir / name).write_text("")
    made = [create.make(keep=2)[0].name for _ in range(3)]
    assert sorted(os.listdir(backup_dir)) == sorted([*made[1:], "notes.zip", "before-restoring-2026-01-01-000000.zip"])


def test_a_backup_that_fails_removes_no_older_one(backup_dir, monkeypatch):
    old, _manifest = create.make()
    monkeypatch.setattr(archive, "read", lambda path: (_ for _ in ()).throw(archive.damaged(path)))
    with pytest.raises(CommandError):
        create.make(keep=1)
    assert os.listdir(backup_dir) == [old.name]


def test_only_its_owner_may_read_a_backup():
    path, _manifest = create.make()
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_keys_are_not_in_the_backup(settings, tmp_path):
    make_picture()
    path, _manifest = create.make()
    told = path.read_bytes() + b"".join(parts_of(path).values())
    assert not [key for key in settings.FIELD_KEYS if key.encode() in told]


def parts_of(path):
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_command_says_what_it_made(capsys, tmp_path):
    call_command("backup_db", output=str(tmp_path / "mine.zip"))
    assert str(tmp_path / "mine.zip") in capsys.readouterr().out
    manifest = json.loads(parts_of(tmp_path / "mine.zip")["manifest.json"])
    assert manifest["rows"]["users"] == 0


def test_the_newest_stays_also_when_many_are_made_within_a_second():
    assert all(create.make(keep=2)[0].exists() for _ in range(6))


@pytest.mark.parametrize("keep", [0, -1])
def test_keeping_none_is_refused(keep):
    with pytest.raises(CommandError):
        call_command("backup_db", keep=keep)


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="file"):
        create.make(tmp_path / "file" / "backup.zip")


def test_a_full_disk_is_said_in_a_sentence(monkeypatch, tmp_path, settings):
    settings.LANGUAGE_CODE = "en"

    def fill(path, parts, facts):
        with open("/dev/full", "wb") as disk:
            disk.write(b"0" * 100_000)

    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    monkeypatch.setattr(archive, "write", fill)
    with pytest.raises(CommandError, match=str(settings.BACKUP_DIR)):
        create.make()
    assert os.listdir(settings.BACKUP_DIR) == []


@pytest.mark.parametrize("fact", [{"sqlstate": "53100"}, {"sqlite_errorcode": sqlite3.SQLITE_FULL}], ids=str)
def test_a_full_disk_of_the_database_is_said_in_a_sentence(fact, tmp_path):
    cause = type("Full", (Exception,), fact)()
    with pytest.raises(CommandError, match="На диске базы данных"), disk_errors.explained(tmp_path):
        raise OperationalError("disk is full") from cause


# PostgreSQL's programs


@pytest.mark.services
def test_without_pg_dump_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CommandError, match="pg_dump"):
        create.make()


@pytest.mark.services
def test_an_older_pg_dump_is_named_before_anything_is_written(monkeypatch, tmp_path):
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(CommandError, match="9"):
        create.make()


@pytest.mark.services
def test_a_full_disk_that_pg_dump_meets_is_said_in_the_same_sentence(monkeypatch, tmp_path, backup_dir):
    full = "echo 'pg_dump: error: could not write to output file: No space left on device' >&2; exit 1"
    for name in ("pg_dump", "pg_restore"):
        version = f"echo '{name} (PostgreSQL) 99.1'"
        (tmp_path / name).write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then {version}; else {full}; fi\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(CommandError, match=f"В {backup_dir} не осталось места"):
        create.make()
    assert os.listdir(backup_dir) == []


@pytest.mark.services
def test_the_password_is_no_argument(monkeypatch):
    started = []
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "a-secret-of-the-database")
    connection.close()
    tool = postgres_copy.tool
    monkeypatch.setattr(postgres_copy, "tool", lambda *command: started.append(command) or tool(*command))
    create.make()
    assert started
    assert "a-secret-of-the-database" not in str(started)
    assert postgres_copy.environment()["PGPASSWORD"] == "a-secret-of-the-database"
