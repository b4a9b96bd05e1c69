"""A token that Meta takes no longer stops its number once, with one sentence; a new one goes on without loss."""

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.testing import make_owner, work_off
from crm.conversations import outbox
from crm.models import Message
from crm.testing import make_conversation, make_message
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.numbers.issues import issues_of
from whatsapp.sending import send_gate
from whatsapp.sending import tasks as sending_tasks
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def number(meta, owner):
    """A number whose token Meta has just made invalid."""
    number = make_number(owner.business)
    meta.connect(number).access_token = "EAAnew"
    return number


def say(number, text="Ваш заказ готов"):
    conversation = make_conversation(number)
    make_message(conversation)
    conversation.last_inbound_at = timezone.now()
    conversation.save()
    return outbox.reply(conversation, text, author=None)


def fresh(number):
    return WhatsAppNumber.objects.get(pk=number.pk)


def statuses():
    return set(Message.objects.filter(direction="out").values_list("status", flat=True))


def test_a_check_stops_the_number_as_a_refused_message_does(meta, number):
    work_off(health.JOB)
    assert fresh(number).status == "problem"
    assert send_gate.is_stopped(fresh(number))
    say(number)
    sending_tasks.deliver_due()
    assert (meta.sends, statuses()) == ([], {"queued"})


def test_meta_is_left_alone_with_a_dead_token(meta, number):
    for _message in range(3):
        say(number)
    sending_tasks.deliver_due()
    first = len(meta.requests)
    for _tick in range(5):
        sending_tasks.deliver_due()
        work_off(health.JOB)
    assert (first, len(meta.requests)) == (3, 4)
    due = fresh(number).check_due_at - timezone.now()
    assert due.total_seconds() > 5 * 3600


def test_one_line_says_so_however_often_it_is_met(meta, number):
    say(number)
    sending_tasks.deliver_due()
    work_off(health.JOB)
    [issue] = issues_of(fresh(number), timezone.now())
    assert issue.code == "token_refused"


def test_a_new_token_in_the_admin_sends_what_waited(client, meta, owner, number):
    work_off(health.JOB)
    say(number)
    client.force_login(owner)
    entered = {
        "name": number.name,
        "phone_number": number.phone_number,
        "phone_number_id": number.phone_number_id,
        "waba_id": number.waba_id,
        "access_token": "EAAnew",
        "messages_per_second": 80,
        "read_receipts": "answered",
        "is_active": "on",
    }
    answer = client.post(reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk]), entered)
    assert answer.status_code == 302
    sending_tasks.deliver_due()
    assert (len(meta.sends), statuses()) == (1, {"accepted"})
    assert (fresh(number).status, fresh(number).problem) == ("connected", "")


def test_a_new_token_by_api_sends_what_waited(meta, owner, number):
    work_off(health.JOB)
    say(number)
    client = APIClient()
    client.force_authenticate(owner)
    client.patch(f"/api/v1/whatsapp-numbers/{number.pk}/", {"access_token": "EAAnew"}, format="json")
    sending_tasks.deliver_due()
    assert (len(meta.sends), statuses()) == (1, {"accepted"})


def test_what_was_refused_with_the_dead_token_goes_out_with_the_new_one(meta, number):
    said = say(number)
    sending_tasks.deliver_due()
    assert statuses() == {"queued"}
    WhatsAppNumber.objects.filter(pk=number.pk).update(check_due_at=timezone.now())
    changed = fresh(number)
    changed.access_token = "EAAnew"
    changed.save(update_fields=["access_token"])
    Message.objects.filter(pk=said.pk).update(due_at=None)
    sending_tasks.deliver_due()
    assert statuses() == {"accepted"}


def test_a_token_that_meta_takes_again_sends_after_a_check(meta, number):
    work_off(health.JOB)
    say(number)
    meta.directory.numbers[number.phone_number_id].access_token = number.access_token
    health.check(number)
    sending_tasks.deliver_due()
    assert statuses() == {"accepted"}
