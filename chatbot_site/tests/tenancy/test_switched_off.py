"""What a number's page says of a number that is off holds: in between, and after it is switched on again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.refusals import Refusal
from accounts.testing import make_owner, work_off
from bots.models import BotSession, BotTimer
from bots.runtime import timers, turns
from bots.testing import make_bot, make_published_scenario
from broadcasts.models import BroadcastMessage
from broadcasts.tasks import finish_broadcasts, start_scheduled
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.conversations import outbox
from crm.models import Conversation, Message
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.sending import tasks as sending_tasks
from whatsapp.testing import make_number
from whatsapp.webhooks import tasks as webhooks_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(meta):
    number = make_number(make_owner().business)
    meta.connect(number)
    return number


@pytest.fixture
def conversation(number):
    conversation = make_conversation(number)
    make_message(conversation, automated_at=timezone.now())
    return conversation


def switch(number, is_on):
    # Others hold the number's fields as they were, as requests and tasks do.
    (numbers.activate if is_on else numbers.deactivate)(WhatsAppNumber.objects.get(pk=number.pk))


def run():
    for conversation in Conversation.objects.all():
        turns.take_turns(conversation.pk)
    work_off(timers.JOB)
    start_scheduled()
    sending_tasks.deliver_due()
    finish_broadcasts()


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def test_what_comes_in_is_kept(meta, number):
    switch(number, False)
    meta.customer_writes(number, "+79161234567", "Есть кто?")
    assert meta.deliver_webhooks() == [200]
    webhooks_tasks.process_due_events()
    assert Message.objects.get().text == "Есть кто?"


def test_a_message_that_waits_goes_out_afterwards_once(meta, number, conversation):
    said = outbox.reply(conversation, "Ваш заказ готов", author=None)
    switch(number, False)
    run()
    assert (fresh(said).status, meta.sends) == ("queued", [])
    switch(number, True)
    run()
    run()
    assert (fresh(said).status, len(meta.sends)) == ("accepted", 1)


def test_nothing_new_is_sent_meanwhile(number, conversation):
    switch(number, False)
    with pytest.raises(Refusal) as refusal:
        outbox.reply(fresh(conversation), "Ваш заказ готов", author=None)
    assert refusal.value.code == "number_inactive"


def test_a_broadcast_that_is_sent_waits_and_goes_on_by_itself(meta, number):
    broadcast = make_broadcast(number, status="sending")
    meta.approve(broadcast.template)
    for _recipient in range(3):
        make_broadcast_message(broadcast, make_customer(number.business))
    switch(number, False)
    run()
    assert fresh(broadcast).status == "sending"
    assert set(BroadcastMessage.objects.values_list("status", flat=True)) == {"planned"}
    switch(number, True)
    run()
    assert len(meta.sends) == 3
    assert fresh(broadcast).status == "done"


def test_a_broadcast_whose_time_comes_meanwhile_is_paused_and_asks(meta, number):
    due = timezone.now() - timedelta(minutes=1)
    broadcast = make_broadcast(number, status="scheduled", scheduled_at=due)
    make_broadcast_message(broadcast, make_customer(number.business))
    switch(number, False)
    run()
    assert fresh(broadcast).status == "paused"
    assert number.name in fresh(broadcast).paused_reason
    switch(number, True)
    run()
    assert (fresh(broadcast).status, meta.sends) == ("paused", [])


def test_what_came_meanwhile_is_not_answered_later(meta, number, conversation):
    make_published_scenario(make_bot(number))
    switch(number, False)
    make_message(conversation, "заказ")
    run()
    switch(number, True)
    run()
    assert meta.sends == []
    make_message(conversation, "заказ")
    run()
    assert meta.sends != []


def test_an_answer_that_comes_afterwards_goes_on_with_its_scenario(meta, number, conversation):
    make_published_scenario(make_bot(number))
    make_message(conversation, "заказ")
    run()
    switch(number, False)
    switch(number, True)
    make_message(conversation, "S")
    run()
    assert meta.texts_to(conversation.customer.phone)[-1] == "Как вас зовут?"


def test_a_scenario_whose_time_runs_out_meanwhile_has_ended(meta, number, conversation):
    make_published_scenario(make_bot(number))
    make_message(conversation, "заказ")
    turns.take_turns(conversation.pk)
    BotTimer.objects.filter(kind="timeout").update(due_at=timezone.now())
    switch(number, False)
    run()
    switch(number, True)
    run()
    assert BotSession.objects.get().end_reason == "switched_off"
    assert "До свидания!" not in meta.texts_to(conversation.customer.phone)
