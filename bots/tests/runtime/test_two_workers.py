"""Two workers at once, as threads with connections of their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.testing import work_off
from bots.models import AllowedHost, BotTimer, BotTurn
from bots.runtime import http_calls, http_client, loading, timers, turns
from bots.runtime.http_client import Answer
from bots.testing import document, make_bot, make_published_scenario
from crm.models import Customer, Message
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 4


def at_once(work, *arguments):
    """What each of several workers returns who do the same at the same moment."""
    barrier = Barrier(WORKERS)

    def worker():
        try:
            barrier.wait()
            return work(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return [future.result() for future in [pool.submit(worker) for _ in range(WORKERS)]]


def said():
    return list(Message.objects.filter(direction="out").order_by("id").values_list("text", flat=True))


def test_messages_are_answered_once_and_in_order():
    conversation = make_conversation()
    echo = document({"key": "a", "kind": "message", "text": "{{message.text}}"})
    make_published_scenario(make_bot(conversation.whatsapp_number), echo)
    for text in "12345":
        make_message(conversation, text)
    assert sum(at_once(turns.take_turns, conversation.pk)) == 5
    assert said() == list("12345")
    assert BotTurn.objects.count() == 5


def test_a_timer_fires_once():
    conversation = make_conversation()
    make_published_scenario(make_bot(conversation.whatsapp_number))
    make_message(conversation, "заказ")
    turns.take_turns(conversation.pk)
    timer = BotTimer.objects.get(kind="timeout")
    BotTimer.objects.update(due_at=timezone.now())
    assert sorted(at_once(timers.fire, timer)) == [False, False, False, True]
    assert said()[-1] == "До свидания!"


def test_a_turn_that_waited_knows_what_the_turn_before_wrote_down():
    conversation = make_conversation()

    def known_name():
        try:
            with transaction.atomic():
                return loading.lock(conversation.pk).customer.name
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            loading.lock(conversation.pk)
            waiting = pool.submit(known_name)
            time.sleep(0.3)
            Customer.objects.update(name="Anna")
        assert waiting.result() == "Anna"


def test_a_call_is_made_once(monkeypatch):
    made = []
    monkeypatch.setattr(http_client, "call", lambda *request: made.append(request) or Answer(200, b'{"number": 7}'))
    conversation = make_conversation()
    AllowedHost.objects.create(business=conversation.business, host="a.example.com")
    call = {"key": "call", "kind": "http", "method": "POST", "url": "https://a.example.com/", "save_to": "reply"}
    told = {"key": "told", "kind": "end", "text": "{{vars.reply.number}}"}
    make_published_scenario(make_bot(conversation.whatsapp_number), document(call, told))
    make_message(conversation, "привет")
    turns.take_turns(conversation.pk)
    at_once(work_off, http_calls.JOB)
    assert (len(made), said()) == (1, ["7"])
