"""What is to follow a change, such as a bot's turn, is done by the worker that processed it."""

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


#: How many events stood in the line when something followed.
IN_LINE = []


@shared_task
def look_at_the_line(number_id):
    IN_LINE.append(WebhookEvent.objects.in_line().filter(whatsapp_number=number_id, lease_until__isnull=False).count())


def follow_by_looking_at_the_line(number, changes):
    return 1, [look_at_the_line.s(number.pk)]


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


def test_the_tasks_that_follow_are_done_at_once_each_once(number, followed):
    for text in ["a", "b", "a"]:
        store_text(number, text)
    process.process_line(number.pk)
    assert followed == [("a", "now"), ("b", "now")]


def test_the_line_is_free_for_other_workers_meanwhile(number, settings):
    settings.WHATSAPP_EVENT_HANDLER = f"{__name__}.follow_by_looking_at_the_line"
    store_text(number, "a")
    IN_LINE.clear()
    process.process_line(number.pk)
    assert IN_LINE == [0]


def test_a_task_that_fails_keeps_no_other_from_being_done(number, followed):
    for text in ["broken", "b"]:
        store_text(number, text)
    process.process_line(number.pk)
    assert [name for name, _how in followed] == ["broken", "b"]
    assert not WebhookEvent.objects.filter(processed_at=None).exists()
