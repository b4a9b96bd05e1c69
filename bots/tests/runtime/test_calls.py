from datetime import timedelta
from unittest.mock import patch

import pytest
from cryptography.fernet import Fernet
from django.test import TestCase
from django.utils import timezone, translation
from kombu.exceptions import OperationalError as BrokerError

from accounts.jobs.job import advance
from accounts.testing import work_off
from bots.document.addresses import BadAddress
from bots.editor.labels import effect_text, event_text
from bots.engine.effects import EndReason
from bots.models import AllowedHost, BotCall, BotSession, BotTurn
from bots.runtime import http_calls, http_client, turns, writing
from bots.runtime.http_client import Answer, CallFailed
from bots.runtime.tasks import take_turns
from bots.testing import document, make_bot, make_published_scenario
from crm.models import Message
from crm.testing import make_conversation, make_message
from whatsapp.models import WhatsAppNumber

pytestmark = pytest.mark.django_db

CALL = {
    "key": "call",
    "kind": "http",
    "method": "POST",
    "url": "https://api.example.com/orders/{{message.text}}",
    "json": {"customer": {"phone": "{{customer.phone}}"}, "text": "{{message.text}}", "count": 1},
    "save_to": "reply",
    "failed": "sorry",
}
STEPS = [
    CALL,
    {"key": "told", "kind": "end", "text": "Заказ {{vars.reply.number}}"},
    {"key": "sorry", "kind": "end", "text": "Не вышло"},
]


class Service:
    """What stands for the network: the calls made, and what each brings."""

    def __init__(self):
        self.calls = []
        self.result = Answer(200, b'{"number": 7}')

    def call(self, *arguments):
        self.calls.append(arguments)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture(autouse=True)
def language():
    with translation.override("ru"):
        yield


@pytest.fixture
def service(monkeypatch):
    service = Service()
    monkeypatch.setattr(http_client, "call", service.call)
    return service


@pytest.fixture
def conversation():
    conversation = make_conversation()
    make_published_scenario(make_bot(conversation.whatsapp_number), document(*STEPS))
    AllowedHost.objects.create(business=conversation.business, host="api.example.com", authorization="Bearer 1")
    return conversation


def write(conversation, text):
    """The customer writes, and the turn is taken; a call it leads to is made."""
    make_message(conversation, text)
    with TestCase.captureOnCommitCallbacks(execute=True):
        take_turns(conversation.pk)
    conversation.refresh_from_db()
    return said()


def said():
    return list(Message.objects.filter(direction="out").order_by("id").values_list("text", flat=True))


def test_a_call_is_made_and_its_answer_is_used(conversation, service):
    assert write(conversation, "два слова") == ["Заказ 7"]
    ((method, url, body, has_body, authorization),) = service.calls
    assert (method, url) == (
        "POST",
        "https://api.example.com/orders/%D0%B4%D0%B2%D0%B0%20%D1%81%D0%BB%D0%BE%D0%B2%D0%B0",
    )
    assert body == {"customer": {"phone": conversation.customer.phone}, "text": "два слова", "count": 1} and has_body
    assert authorization == "Bearer 1"
    assert not BotCall.objects.exists() and not conversation.in_scenario
    assert [event_text(turn.event) for turn in BotTurn.objects.order_by("id")] == [
        "клиент написал: «два слова»",
        "сервис, вызванный в «call», ответил со статусом 200",
    ]


def test_what_a_customer_writes_stays_inside_its_text(conversation, service):
    write(conversation, '"}, "admin": {"/../..?x=1#')
    (_method, url, body, *_rest) = service.calls[0]
    assert body["text"] == '"}, "admin": {"/../..?x=1#' and set(body) == {"customer", "text", "count"}
    assert url == "https://api.example.com/orders/%22%7D%2C%20%22admin%22%3A%20%7B%22%2F..%2F..%3Fx%3D1%23"


@pytest.mark.parametrize(
    "result",
    [
        Answer(500, b"{}"),
        Answer(302, b""),
        Answer(200, b"<html>"),
        Answer(200, b'"' + b"x" * http_calls.MAX_SAVED_JSON + b'"'),
        CallFailed("no answer"),
        BadAddress("bad"),
    ],
)
def test_whatever_fails_goes_the_way_for_failures(conversation, service, result):
    service.result = result
    assert write(conversation, "привет") == ["Не вышло"]
    assert len(service.calls) == 1
    turn = BotTurn.objects.latest("id")
    assert (turn.event["kind"], turn.event["step"], turn.path) == ("call_failed", "call", ["sorry"])
    assert event_text(turn.event).startswith("вызов в «call» ничего не принёс: ")


def test_a_secret_that_cannot_be_read_calls_nobody(conversation, service, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert write(conversation, "привет") == ["Не вышло"]
    assert service.calls == []


def test_without_a_way_for_failures_a_person_is_called_and_the_step_is_named(conversation, service):
    version = BotSession.version.field.related_model.objects.get()
    del version.definition["steps"][0]["failed"]
    version.save()
    service.result = Answer(500, b"")
    write(conversation, "привет")
    assert conversation.bot_paused
    session = BotSession.objects.get()
    assert (session.end_reason, session.end_step) == (EndReason.CALL_FAILED, "call")


@pytest.mark.parametrize("url", ["https://other.example.com/", "http://api.example.com/", "https://127.0.0.1/"])
def test_what_is_not_allowed_is_not_called(conversation, service, url):
    version = BotSession.version.field.related_model.objects.get()
    version.definition["steps"][0]["url"] = url
    version.save()
    assert write(conversation, "привет") == ["Не вышло"]
    assert service.calls == []


def test_another_business_s_allowed_host_is_not_allowed(conversation, service):
    AllowedHost.objects.update(business=make_conversation().business)
    assert write(conversation, "привет") == ["Не вышло"]
    assert service.calls == []


def test_http_is_called_where_the_business_says_so(conversation, service):
    AllowedHost.objects.update(allow_http=True)
    version = BotSession.version.field.related_model.objects.get()
    version.definition["steps"][0]["url"] = "http://api.example.com/"
    version.save()
    assert write(conversation, "привет") == ["Заказ 7"]


def begin(conversation):
    """A turn that wants a call, which nobody has made yet."""
    make_message(conversation, "привет")
    turns.take_turns(conversation.pk)
    return BotCall.objects.get()


def test_a_message_during_the_call_waits_for_its_answer(conversation, service):
    call = begin(conversation)
    make_message(conversation, "ау")
    assert turns.take_turns(conversation.pk) == 0
    http_calls.make(http_calls.JOB.claim(call.pk))
    assert said() == ["Заказ 7"]
    assert turns.take_turns(conversation.pk) == 1


def test_a_call_is_made_once(conversation, service):
    call = begin(conversation)
    assert advance(http_calls.JOB, call, 10) is False
    assert http_calls.JOB.claim(call.pk) is None
    assert len(service.calls) == 1


def test_a_call_that_was_cut_off_is_not_repeated_but_failed(conversation, service):
    call = begin(conversation)
    http_calls.JOB.claim(call.pk)
    assert work_off(http_calls.JOB) == 0
    BotCall.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work_off(http_calls.JOB) == 1
    assert service.calls == [] and said() == ["Не вышло"]
    assert "неизвестно, дошёл ли вызов" in event_text(BotTurn.objects.latest("id").event)


# The version before notes `began_at` instead of a lease, and works beside this one during an update.


def test_a_call_that_the_version_before_has_under_way_is_left_to_it(conversation, service):
    begin(conversation)
    BotCall.objects.update(began_at=timezone.now())
    assert work_off(http_calls.JOB) == 0
    assert service.calls == [] and said() == []


def test_a_call_that_the_version_before_left_is_not_repeated_but_failed(conversation, service):
    begin(conversation)
    BotCall.objects.update(began_at=timezone.now() - http_calls.LEASE)
    assert work_off(http_calls.JOB) == 1
    assert service.calls == [] and said() == ["Не вышло"]


def test_a_call_that_the_version_before_begins_meanwhile_is_not_made_twice(conversation, service):
    claimed = http_calls.JOB.claim(begin(conversation).pk)
    BotCall.objects.update(began_at=timezone.now())
    http_calls.make(claimed)
    assert service.calls == []


def test_the_version_before_sees_that_a_call_is_begun(conversation, monkeypatch):
    begun = []
    call = begin(conversation)
    monkeypatch.setattr(
        http_calls, "_perform", lambda call: begun.append(BotCall.objects.get().began_at) or http_calls.Outcome()
    )
    advance(http_calls.JOB, call, 10)
    assert begun and all(begun)


def test_an_answer_that_comes_after_it_was_given_up_changes_nothing(conversation, service):
    call = begin(conversation)
    claimed = http_calls.JOB.claim(call.pk)
    http_calls.settle(claimed, http_calls.Outcome(failed="lost"))
    http_calls.settle(claimed, http_calls.Outcome({"number": 7}, 200))
    assert said() == ["Не вышло"]


@pytest.mark.django_db(transaction=True)
def test_a_call_is_made_although_nobody_can_be_told_that_an_answer_comes(conversation, service):
    with patch.object(writing.show_typing, "delay", side_effect=BrokerError):
        assert write(conversation, "заказ") == ["Заказ 7"]


def test_a_call_that_the_broker_forgot_is_made(conversation, service):
    begin(conversation)
    assert work_off(http_calls.JOB) == 1
    assert said() == ["Заказ 7"]


def test_a_call_that_waited_too_long_is_not_made_any_more(conversation, service):
    call = begin(conversation)
    BotCall.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    advance(http_calls.JOB, call, 10)
    assert service.calls == [] and said() == ["Не вышло"]


def test_a_business_has_a_few_calls_under_way_at_most(conversation, service):
    call = begin(conversation)
    under_way = {"attempts": 1, "lease_until": timezone.now() + http_calls.LEASE}
    for _ in range(http_calls.MAX_UNDER_WAY):
        BotCall.objects.create(business=conversation.business, session=call.session, turn=1, **under_way)
    assert work_off(http_calls.JOB) == 0
    assert service.calls == []


def test_where_a_person_took_over_during_the_call_the_bot_says_nothing(conversation, service):
    call = begin(conversation)
    conversation.refresh_from_db()
    conversation.bot_paused = True
    conversation.save()
    advance(http_calls.JOB, call, 10)
    assert said() == []
    assert BotSession.objects.get().end_reason == EndReason.HANDED_OFF


def test_the_log_shows_what_was_called(conversation, service):
    write(conversation, "x")
    told = [effect_text(effect) for effect in BotTurn.objects.earliest("id").effects]
    assert told == ["вызывает сервис: POST https://api.example.com/orders/x"]


@pytest.mark.django_db(transaction=True)
def test_the_customer_sees_that_an_answer_is_on_its_way(conversation, service, meta):
    meta.connect(conversation.whatsapp_number)

    write(conversation, "42")

    [shown] = [call.json for call in meta.requests if "typing_indicator" in call.json]
    assert shown["message_id"] == conversation.messages.get(direction="in").wamid


def test_the_customer_sees_nothing_where_the_number_shows_no_blue_ticks(conversation, service, meta):
    meta.connect(conversation.whatsapp_number)
    WhatsAppNumber.objects.update(read_receipts="never")

    write(conversation, "42")

    assert not [call for call in meta.requests if "status" in call.json]
