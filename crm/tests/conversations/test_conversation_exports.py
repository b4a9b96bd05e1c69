"""Files of conversations that workers write."""

import json
import os
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.deletion import deletion, stored_files
from accounts.jobs import registry
from accounts.jobs.job import TakenOver, advance
from accounts.models import Deletion
from accounts.refusals import Refusal
from accounts.testing import work_off
from crm.conversations import export_job, export_writer, exports
from crm.models import ConversationExport, Message
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(number, monkeypatch, settings, tmp_path):
    """Four conversations with a message each, written one after another."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(export_writer, "CONVERSATION_BATCH", 1)
    monkeypatch.setattr(export_job, "CHECKPOINT_INTERVAL", timedelta(seconds=-1))
    for serial in range(4):
        make_message(make_conversation(number), f"message {serial}")
    return number


@pytest.fixture
def asked(number, owner):
    return exports.request(number, owner, "jsonl")


@pytest.fixture
def begun(asked):
    """Killed while the third conversation is written."""
    write, written = export_job._write_part, []

    def killed_in_the_third(export, file, pieces):
        if len(written) == 2:
            file.write(b'{"conver')
            file.flush()
            raise KeyboardInterrupt
        written.append(write(export, file, pieces))

    with (
        patch.object(export_job, "_write_part", killed_in_the_third),
        pytest.raises(KeyboardInterrupt),
    ):
        advance(export_job.JOB, asked, 10)
    asked.refresh_from_db()
    return asked


def lease_runs_out():
    ConversationExport.objects.update(lease_until=timezone.now() - timedelta(seconds=1), due_at=timezone.now())


def lines_of(export):
    export.refresh_from_db()
    assert export.finished_at
    assert os.path.getsize(export.file.path) == export.size
    return [json.loads(line) for line in Path(export.file.path).read_text("utf-8").splitlines()]


def texts_of(export):
    return [line["text"] for line in lines_of(export) if "id" in line]


ALL = [f"message {serial}" for serial in range(4)]


def test_a_worker_writes_the_whole_file(asked):
    work_off(export_job.JOB)

    assert texts_of(asked) == ALL
    assert lines_of(asked)[-1] == {"total": {"conversations": 4, "messages": 4}}
    assert (asked.done, asked.conversations, asked.total) == (4, 4, 4)


def test_a_finished_file_is_written_down_as_of_when_it_was_asked_for(asked, number):
    work_off(export_job.JOB)

    number.refresh_from_db()
    assert number.exported_at == asked.created_at


def test_what_a_killed_worker_left_is_begun_anew_in_another_file(begun):
    left = begun.file.path
    lease_runs_out()

    work_off(export_job.JOB)

    assert texts_of(begun) == ALL
    assert begun.file.path != left and not os.path.exists(left)


def test_a_worker_that_comes_back_late_spoils_nothing(begun):
    late = ConversationExport.objects.get()
    lease_runs_out()
    work_off(export_job.JOB)

    with pytest.raises(TakenOver):
        export_job.JOB.write(late, done=1000)

    assert texts_of(begun) == ALL


def test_after_a_restart_it_goes_on_where_the_killed_one_had_come(begun):
    left = begun.file.path
    assert (begun.done, os.path.getsize(left) > begun.size) == (2, True)

    export_job.JOB.give_back()
    work_off(export_job.JOB)

    assert texts_of(begun) == ALL
    assert begun.file.path == left


def test_a_file_that_was_lost_meanwhile_is_begun_anew(begun):
    export_job.JOB.give_back()
    os.unlink(begun.file.path)

    work_off(export_job.JOB)

    assert texts_of(begun) == ALL


def test_nobody_else_goes_on_while_somebody_is_at_it(begun):
    work_off(export_job.JOB)

    begun.refresh_from_db()
    assert begun.finished_at is None


def test_a_file_is_written_in_steps(asked):
    steps = [advance(export_job.JOB, asked, 0) for _step in range(5)]

    assert steps == [True, True, True, True, False]
    assert texts_of(asked) == ALL


def test_messages_that_come_while_it_is_written_are_not_in_it(asked, number):
    advance(export_job.JOB, asked, 0)
    for message in Message.objects.all():
        make_message(message.conversation, "later")
    make_message(make_conversation(number), "later")

    work_off(export_job.JOB)

    assert texts_of(asked) == ALL


def test_an_error_is_kept_and_it_is_begun_again_later(asked):
    with patch.object(stored_files, "settle", side_effect=OSError(28, "No space left on device")):
        advance(export_job.JOB, asked, 10)

    asked.refresh_from_db()
    assert "No space left" in asked.last_error and not export_job.JOB.due().exists()
    lease_runs_out()
    work_off(export_job.JOB)
    assert texts_of(asked) == ALL
    assert asked.last_error == ""


def test_asking_twice_makes_one_file(asked, number, owner):
    assert exports.request(number, owner, "jsonl") == asked
    assert exports.request(number, owner, "csv") != asked


def test_the_file_goes_with_the_number(asked, number, django_capture_on_commit_callbacks):
    work_off(export_job.JOB)
    asked.refresh_from_db()

    with django_capture_on_commit_callbacks(execute=True):
        deletion.delete(number)

    assert not os.path.exists(asked.file.path)


def test_nothing_more_is_exported_of_a_number_that_is_being_deleted(asked, number):
    advance(export_job.JOB, asked, 0)
    Deletion.objects.create(what="whatsapp.whatsappnumber", object_id=number.pk, business=number.business)

    work_off(export_job.JOB)

    asked.refresh_from_db()
    assert asked.finished_at is None


def test_after_a_week_a_file_is_forgotten(asked, django_capture_on_commit_callbacks):
    work_off(export_job.JOB)
    asked.refresh_from_db()
    ConversationExport.objects.update(created_at=timezone.now() - timedelta(days=7, minutes=1))

    with django_capture_on_commit_callbacks(execute=True):
        assert registry.prune()[export_job.JOB.name] == 1

    assert not os.path.exists(asked.file.path)


def test_a_file_is_written_in_the_language_of_whoever_asked(number, owner):
    owner.language = "en"
    owner.save()
    export = exports.request(number, owner, "csv")

    work_off(export_job.JOB)

    export.refresh_from_db()
    assert Path(export.file.path).read_text("utf-8").splitlines()[-1] == "Total;4 conversations;4 messages"


def test_with_many_files_under_way_one_more_is_refused(asked, number, owner, monkeypatch):
    monkeypatch.setattr(exports, "MAX_UNDER_WAY", 1)

    with pytest.raises(Refusal) as refused:
        exports.request(number, owner, "csv")

    assert refused.value.code == "too_many_files"
    assert exports.request(number, owner, "jsonl") == asked
