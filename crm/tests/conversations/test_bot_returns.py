"""When a bot may speak again where a person took over."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_owner
from crm.conversations import conversations, outbox
from crm.customers.merge import merge
from crm.models import Conversation
from crm.testing import make_conversation
from crm.tests.calls import path, post

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def in_hours(hours):
    return timezone.now() + hours * HOUR


def hours_left(conversation):
    conversation.refresh_from_db()
    return round((conversation.bot_resumes_at - timezone.now()) / HOUR, 1)


def set_hours(conversation, hours):
    business = conversation.whatsapp_number.business
    business.bot_returns_after = hours
    business.save()


def paused(**fields):
    return make_conversation(bot_paused=True, **fields)


# When it returns


@pytest.mark.parametrize("take_over", [conversations.pause_bot, lambda it: outbox.reply(it, "Hello", author=None)])
def test_it_returns_twelve_hours_after_a_person_took_over(take_over):
    conversation = make_conversation()
    take_over(conversation)
    assert hours_left(conversation) == 12 and conversation.is_bot_paused


def test_it_returns_after_the_hours_of_the_business():
    conversation = make_conversation()
    set_hours(conversation, 3)
    outbox.reply(conversation, "Hello", author=None)
    assert hours_left(conversation) == 3


def test_each_reply_puts_it_off():
    conversation = paused(bot_resumes_at=in_hours(1))
    outbox.reply(conversation, "Hello", author=None)
    assert hours_left(conversation) == 12


def test_a_reply_that_leaves_the_bot_alone_puts_nothing_off():
    conversation = paused(bot_resumes_at=in_hours(1))
    outbox.reply(conversation, "Hello", author=None, pause_bot=False)
    assert hours_left(conversation) == 1


def test_it_never_returns_by_itself_where_the_business_says_so():
    conversation = make_conversation()
    set_hours(conversation, None)
    conversations.pause_bot(conversation)
    conversation.refresh_from_db()
    assert conversation.is_bot_paused and conversation.bot_resumes_at is None


def test_a_changed_setting_moves_no_pause_that_has_begun():
    conversation = paused(bot_resumes_at=in_hours(5))
    set_hours(conversation, 1)
    assert hours_left(conversation) == 5


def test_closing_brings_it_back():
    for conversation in (paused(bot_resumes_at=in_hours(5)), paused()):
        conversations.close(conversation)
        conversation.refresh_from_db()
        assert not conversation.bot_paused and conversation.bot_resumes_at is None


@pytest.mark.parametrize("verb", [conversations.reopen, conversations.mark_read])
def test_nothing_else_brings_it_back(verb):
    conversation = paused(unread=1)
    verb(conversation)
    conversation.refresh_from_db()
    assert conversation.is_bot_paused


def test_a_pause_without_end_stays_one_when_a_person_answers():
    conversation = paused()
    outbox.reply(conversation, "Hello", author=None)
    conversation.refresh_from_db()
    assert conversation.is_bot_paused and conversation.bot_resumes_at is None


def test_a_pause_that_ended_begins_anew_when_a_person_answers():
    conversation = paused(bot_resumes_at=in_hours(-1))
    outbox.reply(conversation, "Hello", author=None)
    assert hours_left(conversation) == 12


@pytest.mark.parametrize(("theirs", "ours", "left"), [(5, None, 5), (-1, None, None), (5, 2, 2)])
def test_where_a_person_answers_one_of_two_customers_who_are_one_the_bot_stays_silent(theirs, ours, left):
    kept = make_conversation()
    gone = make_conversation(kept.whatsapp_number, bot_paused=True, bot_resumes_at=in_hours(theirs))
    if ours:
        conversations.pause_bot_until(kept, in_hours(ours))
    merge(kept.customer, gone.customer)
    kept.refresh_from_db()
    assert kept.is_bot_paused is bool(left)
    assert not left or hours_left(kept) == left


# What is shown


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"bot_paused": False}, False),
        ({"bot_paused": True}, True),
        ({"bot_paused": True, "bot_resumes_at": 1}, True),
        ({"bot_paused": True, "bot_resumes_at": -1}, False),
    ],
)
def test_a_pause_whose_time_has_passed_is_none_to_anybody(client, api, number, owner, fields, expected):
    hours = fields.get("bot_resumes_at")
    conversation = make_conversation(number, **fields | {"bot_resumes_at": in_hours(hours) if hours else None})

    body = api.get(path("conversations", conversation.pk)).json()
    assert body["bot_paused"] is conversation.is_bot_paused is expected
    assert bool(body["bot_resumes_at"]) is (hours == 1)
    client.force_login(owner)
    for value, shown in (("yes", expected), ("no", not expected)):
        listed = client.get(reverse("admin:crm_conversation_changelist"), {"with_bot_paused": value})
        assert [row.pk for row in listed.context["cl"].result_list] == [conversation.pk] * shown


def page_of(client, owner, conversation):
    client.force_login(owner)
    return client.get(reverse("admin:crm_conversation_change", args=[conversation.pk])).text


def test_the_thread_says_when_it_returns(client, owner, number):
    moment = timezone.make_aware(datetime(2099, 12, 1, 14, 0), timezone.get_default_timezone())
    html = page_of(client, owner, make_conversation(number, bot_paused=True, bot_resumes_at=moment))
    assert "The bot answers again on 1 December, 14:00, or when you close the conversation." in html
    assert "verb-resume_bot" in html and "verb-silence_bot" in html and "verb-pause_bot" not in html


def test_the_thread_of_a_pause_without_end_says_so(client, owner, number):
    html = page_of(client, owner, make_conversation(number, bot_paused=True))
    assert "The bot is paused here until you resume it or close the conversation." in html
    assert "verb-resume_bot" in html and "verb-silence_bot" not in html


@pytest.mark.parametrize("fields", [{}, {"bot_paused": True, "bot_resumes_at": -1}])
def test_the_thread_of_a_bot_that_answers_offers_to_pause_it(client, owner, number, fields):
    if fields:
        fields = fields | {"bot_resumes_at": in_hours(-1)}
    html = page_of(client, owner, make_conversation(number, **fields))
    assert "verb-pause_bot" in html and "verb-resume_bot" not in html and "The bot" not in html


def test_a_button_keeps_it_silent_without_end(client, owner, number):
    conversation = make_conversation(number, bot_paused=True, bot_resumes_at=in_hours(1))
    client.force_login(owner)
    client.post(reverse("admin:crm_conversation_act", args=[conversation.pk]), {"verb": "silence_bot"})
    conversation.refresh_from_db()
    assert conversation.is_bot_paused and conversation.bot_resumes_at is None


# By API


def test_a_program_says_until_when_it_is_silent(api, number):
    address = path("conversations", make_conversation(number).pk, "pause-bot")
    moment = "2099-12-01T11:00:00Z"
    assert post(api, address, {"bot_resumes_at": moment}).json()["bot_resumes_at"] == moment
    body = post(api, address, {"bot_resumes_at": None}).json()
    assert (body["bot_paused"], body["bot_resumes_at"]) == (True, None)


@pytest.mark.parametrize("moment", ["2020-01-01T00:00:00Z", "2099-12-01T11:00:00", "tomorrow", 5])
def test_a_time_that_cannot_be_is_refused_and_changes_nothing(api, number, moment):
    conversation = make_conversation(number)
    response = post(api, path("conversations", conversation.pk, "pause-bot"), {"bot_resumes_at": moment})
    assert (response.status_code, list(response.json())) == (400, ["bot_resumes_at"])
    assert not Conversation.objects.get().bot_paused


def test_a_stranger_pauses_nothing(api):
    conversation = make_conversation(bot_paused=False)
    assert post(api, path("conversations", conversation.pk, "pause-bot"), {"bot_resumes_at": None}).status_code == 404
    conversation.refresh_from_db()
    assert not conversation.bot_paused


@pytest.mark.parametrize("hours", [0, 721, -1, "soon"])
def test_hours_that_cannot_be_are_refused(api, owner, hours):
    response = api.patch("/api/v1/business/", {"bot_returns_after": hours}, format="json")
    assert (response.status_code, list(response.json())) == (400, ["bot_returns_after"])


def test_the_owner_sets_the_hours(api, owner):
    for hours in (1, None):
        response = api.patch("/api/v1/business/", {"bot_returns_after": hours}, format="json")
        assert response.json()["bot_returns_after"] == hours
    assert make_owner().business.bot_returns_after == 12
