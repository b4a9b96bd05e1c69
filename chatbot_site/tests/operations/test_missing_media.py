"""A backup without files that the database names is made only when somebody asks for it."""

import json
import os
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from chatbot_site.operations.backups import create, media_files, restore
from chatbot_site.tests.operations.other_databases import another_database
from crm.models import MediaFile
from crm.testing import make_picture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.MEDIA_ROOT, settings.BACKUP_DIR = tmp_path / "media", tmp_path / "backups"


@pytest.fixture
def lost(settings):
    """The path of a message's file that is gone."""
    path = settings.MEDIA_ROOT / make_picture().file.name
    path.unlink()
    return path


def manifest_of(path):
    with ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def backups(settings):
    return sorted(settings.BACKUP_DIR.glob("*.zip"))


def test_a_missing_file_is_named_and_no_backup_is_made(lost, settings):
    with pytest.raises(CommandError, match=lost.name) as error:
        call_command("backup_db")
    assert "--without-missing-media" in str(error.value)
    assert backups(settings) == []


def test_without_it_the_backup_is_made_and_says_what_is_left_out(lost, settings, capsys):
    call_command("backup_db", without_missing_media=True)
    assert str(lost) in capsys.readouterr().out
    (path,) = backups(settings)
    assert manifest_of(path)["missing_media"] == [lost.relative_to(settings.MEDIA_ROOT).as_posix()]


def test_its_restore_says_so_too(lost, tmp_path, capsys):
    path, _manifest = create.make(without_missing_media=True)
    with another_database(tmp_path):
        call_command("restore_db", str(path))
        assert MediaFile.objects.get().file.name.endswith(lost.name)
    assert str(lost) in capsys.readouterr().out


def test_a_backup_from_before_there_was_such_a_list_restores(tmp_path):
    path, manifest = create.make()
    with ZipFile(path) as old, ZipFile(path.with_name("old.zip"), "w") as new:
        del manifest["missing_media"]
        for name in manifest["parts"]:
            new.writestr(name, old.read(name))
        new.writestr("manifest.json", json.dumps(manifest))
    with another_database(tmp_path):
        call_command("restore_db", str(path.with_name("old.zip")))


@pytest.mark.parametrize("what", ["the file", "its folder"])
@pytest.mark.skipif(os.name != "posix", reason="Windows keeps rights in another way")
def test_what_may_not_be_read_is_named(what, settings, monkeypatch):
    path = settings.MEDIA_ROOT / make_picture().file.name
    refuse(monkeypatch, path if what == "the file" else path.parent)
    with pytest.raises(CommandError, match=path.name):
        create.make()
    _path, manifest = create.make(without_missing_media=True)
    assert len(manifest["missing_media"]) == 1


def refuse(monkeypatch, refused):
    """Have the system refuse a path and all below, which it never does to root."""

    def guarded(function, answer=None):
        def call(path, *args, **kwargs):
            if str(path).startswith(str(refused)):
                if answer is None:
                    raise PermissionError(13, "Permission denied", str(path))
                return answer
            return function(path, *args, **kwargs)

        return call

    monkeypatch.setattr(os, "access", guarded(os.access, False))
    monkeypatch.setattr(os, "scandir", guarded(os.scandir))
    monkeypatch.setattr(media_files.Path, "open", guarded(media_files.Path.open))


def test_a_folder_of_somebody_else_in_media_root_is_left_alone(settings, monkeypatch):
    make_picture()
    (settings.MEDIA_ROOT / "lost+found").mkdir()
    refuse(monkeypatch, settings.MEDIA_ROOT / "lost+found")
    _path, manifest = create.make()
    assert manifest["missing_media"] == []


def test_a_file_that_vanishes_while_it_is_copied_is_noticed(settings, monkeypatch):
    path = settings.MEDIA_ROOT / make_picture().file.name
    before(monkeypatch, path.unlink)
    with pytest.raises(CommandError, match=path.name):
        create.make()


def test_a_file_that_goes_with_its_row_meanwhile_is_not_missed(monkeypatch):
    media = make_picture()
    before(monkeypatch, lambda: (media.file.delete(save=False), media.delete()))
    _path, manifest = create.make()
    assert manifest["missing_media"] == []


def before(monkeypatch, happens):
    """Have something happen just before the files are copied."""
    copy = media_files.write

    def write(file):
        happens()
        copy(file)

    monkeypatch.setattr(media_files, "write", write)


def test_a_disk_that_cannot_read_a_file_is_said_with_its_name(settings, monkeypatch):
    path = settings.MEDIA_ROOT / make_picture().file.name
    monkeypatch.setattr(media_files, "_Source", Broken)
    with pytest.raises(CommandError, match=path.name):
        create.make()


class Broken(media_files._Source):
    def __init__(self, file):
        super().__init__(file)
        self._file = Failing(file.name)


class Failing:
    def __init__(self, name):
        self.name = name

    def read(self, size):
        raise OSError(5, "Input/output error")


def test_what_a_restore_replaces_is_kept_although_files_are_missing(lost, tmp_path):
    path, _manifest = create.make(without_missing_media=True)
    with another_database(tmp_path):
        restore.restore(path)
        _restored, replaced = restore.restore(path, force=True)
    assert manifest_of(replaced)["missing_media"]
