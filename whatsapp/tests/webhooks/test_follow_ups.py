"""What is to follow a change, such as a bot's turn, is done by the worker that processed it, or by all."""

import pytest
from celery import shared_task

from accounts.testing import make_business
from whatsapp.models import WebhookEvent
from whatsapp.testing import inbound_text, make_number
from whatsapp.webhooks import process

pytestmark = pytest.mark.django_db

#: What followed, and how.
FOLLOWED = []


@shared_task
def note_followed(name):
    FOLLOWED.append((name, "now" if note_followed.request.called_directly else "by a worker"))
    if name == "broken":
        raise LookupError(name)


def follow_by_text(number, changes):
    return 1, [note_followed.s(message.text) for message in changes[0].messages]


@pytest.fixture
def number():
    return make_number(make_business())


def store_text(number, text):
    [entry] = inbound_text(number, "+79161234567", text)["entry"]
    change = entry["changes"][0]
    WebhookEvent.objects.create(
        business=number.business, whatsapp_number=number, field=change["field"], value=change["value"]
    )


@pytest.fixture
def followed(settings, monkeypatch):
    settings.WHATSAPP_EVENT_HANDLER = f"{__name__}.follow_by_text"
    FOLLOWED.clear()
    return FOLLOWED


def test_a_few_tasks_that_follow_are_done_at_once_each_once(number, followed):
    for text in ["a", "b", "a"]:
        store_text(number, text)
    process.process_line(number.pk)
    assert followed == [("a", "now"), ("b", "now")]


def test_many_tasks_that_follow_are_left_to_all_workers(number, followed):
    for serial in range(process.MAX_FOLLOW_UPS + 1):
        store_text(number, str(serial))
    process.process_line(number.pk)
    assert {how for _name, how in followed} == {"by a worker"}
    assert len(followed) == process.MAX_FOLLOW_UPS + 1


def test_a_task_that_fails_keeps_no_other_from_being_done(number, followed):
    for text in ["broken", "b"]:
        store_text(number, text)
    process.process_line(number.pk)
    assert [name for name, _how in followed] == ["broken", "b"]
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
