"""Files go with their rows."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.deletion import deletion, job, stored_files, tasks
from accounts.testing import make_owner
from crm.testing import make_conversation, make_picture
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make_conversation(make_number(make_owner().business))


def grow_old(path):
    yesterday = time.time() - stored_files.GRACE.total_seconds() - 60
    os.utime(path, (yesterday, yesterday))


@pytest.mark.parametrize("what", ["conversation", "whatsapp_number", "customer", "business"])
def test_deleting_takes_the_files_along(conversation, what, django_capture_on_commit_callbacks):
    path = Path(make_picture(conversation).file.path)
    other = Path(make_picture().file.path)
    with django_capture_on_commit_callbacks(execute=True):
        deletion.delete(conversation if what == "conversation" else getattr(conversation, what))
    assert not path.exists()
    assert other.exists()


def test_a_deletion_that_is_undone_keeps_the_files(conversation, django_capture_on_commit_callbacks):
    path = Path(make_picture(conversation).file.path)
    with django_capture_on_commit_callbacks():
        deletion.delete(conversation)
    assert path.exists()


def test_an_old_file_without_a_row_is_swept(conversation):
    media = make_picture(conversation)
    orphan = Path(media.file.path).with_name("0" * 32)
    orphan.write_bytes(b"left by a kill")
    grow_old(orphan), grow_old(media.file.path)
    assert stored_files.sweep() == 1
    assert (orphan.exists(), Path(media.file.path).exists()) == (False, True)


def test_a_new_file_may_still_get_its_row(conversation):
    media = make_picture(conversation)
    new = Path(media.file.path).with_name("0" * 32)
    new.write_bytes(b"just written")
    assert stored_files.sweep() == 0


def test_what_is_not_ours_is_never_swept(conversation, tmp_path):
    make_picture(conversation)
    strange = [tmp_path / "holiday.jpg", tmp_path / f"business-{conversation.business_id}" / "notes.txt"]
    for path in strange:
        path.write_text("mine")
        grow_old(path)
    assert stored_files.sweep() == 0
    assert all(path.exists() for path in strange)


# Writing


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


NEW = f"business-1/{'a' * 32}"


def test_a_file_is_written_in_a_folder_that_is_made_for_it(folder):
    with stored_files.writing(NEW) as file:
        file.write(b"tea")
    assert (folder / NEW).read_bytes() == b"tea"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_file_that_was_not_written_whole_is_gone(folder, error):
    with pytest.raises(error), stored_files.writing(NEW) as file:
        file.write(b"te")
        raise error
    assert not (folder / NEW).exists()


def test_a_file_that_exists_is_neither_written_over_nor_removed(folder):
    (folder / NEW).parent.mkdir()
    (folder / NEW).write_bytes(b"somebody's")
    with pytest.raises(FileExistsError), stored_files.writing(NEW) as file:
        file.write(b"mine")
    assert (folder / NEW).read_bytes() == b"somebody's"


@pytest.mark.parametrize(("before", "size"), [(b"", 0), (b"tea and", 3), (b"tea", 3)])
def test_a_file_is_written_on_from_where_it_was_certain(folder, before, size):
    if before:
        (folder / NEW).parent.mkdir()
        (folder / NEW).write_bytes(before)
    with stored_files.appending(NEW, size) as file:
        file.write(b"!")
    assert (folder / NEW).read_bytes() == before[:size] + b"!"


def test_the_size_of_a_file_is_known_and_that_of_none_is_nothing(folder):
    with stored_files.writing(NEW) as file:
        file.write(b"tea")
    assert stored_files.size_of(NEW) == 3
    assert stored_files.size_of("business-1/gone") == stored_files.size_of("") == 0


def test_the_name_of_a_file_reveals_nothing_and_is_never_the_same(conversation):
    names = {stored_files.random_name(conversation, "passport of Anna.pdf") for _ in range(2)}
    assert len(names) == 2
    folder = f"business-{conversation.business_id}/"
    assert all(stored_files.NAME.fullmatch(name.removeprefix(folder)) for name in names)


# What cannot be removed


@pytest.fixture
def in_use(monkeypatch):
    """Names of files that somebody is reading on Windows."""
    names, delete = set(), default_storage.delete

    def fail(name):
        if name in names:
            raise PermissionError(name)
        delete(name)

    monkeypatch.setattr(default_storage, "delete", fail)
    return names


def test_a_file_that_cannot_be_removed_keeps_no_other_and_is_swept_later(
    conversation, in_use, caplog, django_capture_on_commit_callbacks
):
    stuck, other = make_picture(conversation).file, make_picture(conversation).file
    in_use.add(stuck.name)
    with django_capture_on_commit_callbacks(execute=True):
        assert deletion.delete(conversation).state == "done"
    assert (Path(stuck.path).exists(), Path(other.path).exists()) == (True, False)
    assert stuck.name in caplog.text
    in_use.clear()
    grow_old(stuck.path)
    assert stored_files.sweep() == 1
    assert not Path(stuck.path).exists()


def test_a_file_that_is_gone_already_is_no_error(conversation, django_capture_on_commit_callbacks):
    Path(make_picture(conversation).file.path).unlink()
    with django_capture_on_commit_callbacks(execute=True):
        assert deletion.delete(conversation).state == "done"


def test_files_of_all_businesses_are_swept_in_batches(conversation, monkeypatch):
    monkeypatch.setattr(stored_files, "BATCH", 2)
    media = make_picture(conversation)
    grow_old(media.file.path)
    for serial in range(5):
        orphan = Path(default_storage.path(f"business-{serial + 100}/{serial:032x}"))
        orphan.parent.mkdir()
        orphan.write_bytes(b"left by a kill")
        grow_old(orphan)
    assert tasks.sweep_files() == 5
    assert Path(media.file.path).exists()


def test_a_file_that_somebody_removes_during_a_sweep_keeps_no_other(folder):
    """Two beats sweep at once. A link that leads nowhere is listed, and is not there."""
    orphan = folder / "business-1" / ("b" * 32)
    orphan.parent.mkdir()
    orphan.write_bytes(b"left by a kill")
    grow_old(orphan)
    orphan.with_name("a" * 32).symlink_to(folder / "gone")
    assert stored_files.sweep() == 1
    assert not orphan.exists()


def test_a_job_removes_the_files_of_each_part_that_it_deleted(
    conversation, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)
    path = Path(make_picture(conversation).file.path)
    asked = deletion.delete(conversation.customer)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        job.advance(asked)
    assert asked.state == "done" and not path.exists()
