"""What the owner of a number writes on their own phone, from the webhook to the thread."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from accounts.testing import work_off
from crm.conversations import recording, thread
from crm.media import transfers
from crm.models import Conversation, Customer, MediaFile, Message
from crm.testing import make_conversation, make_customer, make_message
from crm.tests.calls import path
from whatsapp.models import WebhookEvent
from whatsapp.sending import ledger
from whatsapp.sending.statuses import StatusUpdate, apply
from whatsapp.simulator import inbound as simulated_inbound
from whatsapp.testing import PNG, echo_of_text, echoes, inbound_text, message_from, status_update
from whatsapp.webhooks import process

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"


def receive(number, *payloads):
    """Have webhooks stored and processed. Returns the events."""
    events = []
    for payload in payloads:
        [change] = payload["entry"][0]["changes"]
        kept = {"business": number.business, "whatsapp_number": number}
        events.append(WebhookEvent.objects.create(field=change["field"], value=change["value"], **kept))
    process.process_line(number.pk)
    for event in events:
        event.refresh_from_db()
    return events


@pytest.fixture
def conversation(number):
    return make_conversation(number, make_customer(number.business, phone=PHONE), unread=2)


def annotation(kind, wamid, **content):
    return message_from(PHONE, kind, {"original_message_id": wamid, **content})


def test_an_echo_is_a_message_of_ours_from_the_phone(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да, успеем", "wamid.ECHO"))

    message = conversation.messages.get()
    assert (message.direction, message.origin, message.status) == ("out", "phone", "sent")
    assert (message.text, message.wamid, message.author) == ("Да, успеем", "wamid.ECHO", None)
    assert (message.accepted_at, message.sent_at) == (message.timestamp, message.timestamp)


def test_an_echo_counts_as_an_answer_by_hand(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да, успеем", timestamp=timezone.now() + timedelta(seconds=2)))

    conversation.refresh_from_db()
    assert (conversation.bot_paused, conversation.unread) == (True, 0)


def test_what_the_customer_wrote_after_the_echo_stays_unread(number, conversation):
    earlier = timezone.now() - timedelta(minutes=5)

    receive(number, echo_of_text(number, PHONE, "Да, успеем", timestamp=earlier))

    conversation.refresh_from_db()
    assert (conversation.bot_paused, conversation.unread) == (True, 2)


def test_an_echo_opens_no_window(number):
    receive(number, echo_of_text(number, PHONE, "Здравствуйте"))

    conversation = Conversation.objects.get()
    assert (conversation.window_open, conversation.last_inbound_at) == (False, None)


def test_an_echo_keeps_the_window_as_the_customer_left_it(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Здравствуйте"))

    wrote_at = conversation.last_inbound_at
    conversation.refresh_from_db()
    assert conversation.last_inbound_at == wrote_at


def test_an_echo_to_a_stranger_makes_customer_and_conversation(number):
    receive(number, echo_of_text(number, "+79161112233", "Здравствуйте"))

    conversation = Conversation.objects.get()
    assert (conversation.customer.phone, conversation.customer.name) == ("+79161112233", "")
    assert (conversation.unread, conversation.status) == (0, "open")


def test_an_echo_to_a_user_id_finds_its_customer(number):
    customer = make_customer(number.business, phone=None, whatsapp_user_id="RU.55019283746501928374")
    payload = echo_of_text(number, PHONE, "Здравствуйте")
    [element] = payload["entry"][0]["changes"][0]["value"]["message_echoes"]
    del element["to"]
    element["to_user_id"] = customer.whatsapp_user_id

    receive(number, payload)

    assert Conversation.objects.get().customer == customer


def test_words_to_opt_out_in_an_echo_opt_nobody_out(number, conversation):
    receive(number, echo_of_text(number, PHONE, "стоп"))

    conversation.customer.refresh_from_db()
    assert not conversation.customer.opted_out


def test_a_repeated_echo_is_recorded_once_and_pauses_once(number, conversation):
    payload = echo_of_text(number, PHONE, "Да")
    receive(number, payload)
    Conversation.objects.update(bot_paused=False, unread=1)

    receive(number, payload)

    conversation.refresh_from_db()
    assert conversation.messages.count() == 1
    assert (conversation.bot_paused, conversation.unread) == (False, 1)


def test_an_echo_of_a_message_of_ours_changes_nothing(number, conversation):
    sent = make_message(conversation, "Sent by the bot", "out", origin="bot")

    receive(number, echo_of_text(number, PHONE, "Sent by the bot", sent.wamid))

    conversation.refresh_from_db()
    assert (conversation.messages.get(), conversation.bot_paused, conversation.unread) == (sent, False, 2)


def test_a_repeated_echo_to_a_phone_that_was_given_up_makes_no_customer(number, conversation):
    payload = echo_of_text(number, PHONE, "Да")
    receive(number, payload)
    Customer.objects.update(phone="+79160000009")

    receive(number, payload)

    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_echoes_are_recorded_once(number):
    change = process.parse("smb_message_echoes", echo_of_text(number, PHONE, "Да")["entry"][0]["changes"][0]["value"])

    def deliver(_):
        try:
            return recording.record(number, change)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as threads:
        assert list(threads.map(deliver, range(5))) == [[]] * 5

    assert Message.objects.count() == 1


def test_echoes_and_messages_stand_in_the_order_in_which_they_were_written(number):
    now = timezone.now()
    asked = message_from(PHONE, "text", {"body": "Успеете?"}, timestamp=now - timedelta(minutes=2))
    payload = inbound_text(number, PHONE, "Спасибо")
    payload["entry"][0]["changes"][0]["value"]["messages"].insert(0, asked)

    receive(number, payload, echo_of_text(number, PHONE, "Да", timestamp=now - timedelta(minutes=1)))

    entries = thread.page(Conversation.objects.get()).entries
    assert [entry.text for entry in entries] == ["Успеете?", "Да", "Спасибо"]


def test_an_echo_of_another_numbers_conversation_is_not_seen_here(number, conversation):
    other = make_conversation(make_message().whatsapp_number)

    receive(other.whatsapp_number, echo_of_text(other.whatsapp_number, PHONE, "Да"))

    assert not conversation.messages.exists()


# --- What it is not ------------------------------------------------------------------------------------------


def test_the_ledger_sends_no_echo(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да"))

    assert ledger.claim(Message, number.pk, 10) == []


def test_statuses_move_an_echo_on(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да", "wamid.ECHO"))

    apply(number, [StatusUpdate("wamid.ECHO", "read", timezone.now())])

    message = conversation.messages.get()
    assert (message.status, message.read_at is not None) == ("read", True)


def test_a_status_that_is_faster_than_the_echo_waits_for_it(number, conversation):
    [status] = receive(number, status_update(number, "wamid.ECHO", "delivered"))
    receive(number, echo_of_text(number, PHONE, "Да", "wamid.ECHO"))
    WebhookEvent.objects.filter(pk=status.pk).update(due_at=timezone.now())

    process.process_line(number.pk)

    assert conversation.messages.get().status == "delivered"


# --- Edits, revokes, reactions -------------------------------------------------------------------------------


def test_an_echoed_edit_is_shown_on_the_message_and_answers_nothing(number, conversation):
    receive(number, echo_of_text(number, PHONE, "К пяти", "wamid.ECHO"))
    Conversation.objects.update(bot_paused=False, unread=1)

    edit = annotation("edit", "wamid.ECHO", message={"type": "text", "text": {"body": "К шести"}})
    receive(number, echoes(number, PHONE, edit))

    [entry] = thread.page(conversation).entries
    assert (entry.text, entry.edited_text) == ("К пяти", "К шести")
    conversation.refresh_from_db()
    assert (conversation.bot_paused, conversation.unread) == (False, 1)


def test_an_echoed_revoke_is_shown_on_the_message(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Ой", "wamid.ECHO"))

    receive(number, echoes(number, PHONE, annotation("revoke", "wamid.ECHO")))

    [entry] = thread.page(conversation).entries
    assert entry.is_revoked


def test_an_echoed_reaction_is_shown_on_the_customers_message(number, conversation):
    message = make_message(conversation, "Спасибо")

    reaction = message_from(PHONE, "reaction", {"message_id": message.wamid, "emoji": "❤️"})
    receive(number, echoes(number, PHONE, reaction))

    [entry] = thread.page(conversation).entries
    assert entry.reactions == ["❤️"]


# --- Files ---------------------------------------------------------------------------------------------------


def receive_picture(number, meta):
    picture = meta.simulator.add_media(PNG, "image/png")
    element = simulated_inbound.file(picture, "Вот такой")
    receive(number, echoes(number, PHONE, message_from(PHONE, "image", element["image"])))
    return MediaFile.objects.get()


def test_the_file_of_an_echo_is_fetched(number, meta):
    meta.connect(number)
    media = receive_picture(number, meta)

    work_off(transfers.JOB)

    media.refresh_from_db()
    assert (media.state, media.file.read(), media.message.text) == ("stored", PNG, "Вот такой")
    assert media.due_at is None
    assert meta.sends == []


def test_the_file_of_an_echo_is_fetched_while_the_number_is_off(number, meta):
    meta.connect(number)
    number.is_active = False
    number.save()
    media = receive_picture(number, meta)

    work_off(transfers.JOB)

    media.refresh_from_db()
    assert media.state == "stored"


def test_a_file_that_meta_does_not_have_leaves_the_echo_as_it_is(number, meta):
    meta.connect(number)
    receive(number, echoes(number, PHONE, message_from(PHONE, "image", {"id": "77", "mime_type": "image/png"})))

    work_off(transfers.JOB)

    media = MediaFile.objects.get()
    assert (media.state, media.message.status) == ("failed", "sent")


# --- Shown ---------------------------------------------------------------------------------------------------


def test_the_thread_says_that_it_was_written_on_the_phone(number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да"))

    with translation.override("ru"):
        [entry] = thread.page(conversation).entries

    assert (entry.written_by, entry.is_inbound) == ("телефон владельца", False)


def test_the_api_says_that_it_was_written_on_the_phone(api, number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да"))

    assert api.get(path("messages", Message.objects.get().pk)).json()["origin"] == "phone"


@pytest.mark.django_db(transaction=True)
def test_what_the_owner_writes_arrives_from_their_phone(number, meta):
    meta.connect(number)
    sent = meta.owner_writes(number, PHONE, "Да, успеем")

    meta.deliver_webhooks()

    message = Message.objects.get()
    assert (message.wamid, message.text, message.origin) == (sent.wamid, "Да, успеем", "phone")


def test_the_page_of_a_conversation_says_who_deleted_a_message(client, owner, number, conversation):
    revoked = make_message(conversation, "Hello")
    make_message(conversation, "", type="revoke", context_wamid=revoked.wamid)
    receive(number, echo_of_text(number, PHONE, "Oops", "wamid.ECHO"))
    receive(number, echoes(number, PHONE, annotation("revoke", "wamid.ECHO")))
    client.force_login(owner)

    page = client.get(f"/admin/crm/conversation/{conversation.pk}/change/").content.decode()

    assert page.count("The customer deleted this message:") == 1
    assert page.count("Deleted on the owner's phone:") == 1


def test_messages_of_the_phone_are_filtered(client, owner, number, conversation):
    receive(number, echo_of_text(number, PHONE, "Да"))
    make_message(conversation, "Bot", "out", origin="bot")
    client.force_login(owner)

    shown = client.get("/admin/crm/message/", {"origin__exact": "phone"}).context["cl"].queryset

    assert [message.text for message in shown] == ["Да"]
