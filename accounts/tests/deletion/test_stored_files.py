"""Files go with their rows."""

import os
import time
from pathlib import Path

import pytest

from accounts.deletion import deletion, stored_files
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
