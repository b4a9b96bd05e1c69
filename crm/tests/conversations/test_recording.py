import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.testing import make_business
from crm.conversations import recording
from crm.customers import customers
from crm.models import Conversation, Customer, Message
from crm.testing import make_change, make_conversation, make_customer, make_inbound, make_message
from whatsapp.testing import make_number
from whatsapp.webhooks.changes import Change, Preference, UserIdChange
from whatsapp.webhooks.parsing import parse

pytestmark = pytest.mark.django_db


def test_a_first_message_makes_customer_conversation_and_message():
    number = make_number(make_business())
    inbound = make_inbound("+79161112233", "Здравствуйте")

    conversation_ids = recording.record(number, make_change(inbound))

    conversation = Conversation.objects.get()
    assert conversation_ids == [conversation.pk]
    assert (conversation.customer.phone, conversation.customer.name) == ("+79161112233", "Anna")
    assert (conversation.unread, conversation.last_inbound_at) == (1, inbound.timestamp)
    message = conversation.messages.get()
    assert (message.text, message.status, message.direction) == ("Здравствуйте", "received", "in")
    assert message.automated_at is None


def test_the_search_text_of_a_new_customer_is_folded():
    recording.record(make_number(make_business()), make_change(make_inbound("+79161112233", profile_name="ФЁДОР")))

    assert Customer.objects.get().search_text == "федор +79161112233"


def test_a_repeated_message_is_recorded_once():
    number, inbound = make_number(make_business()), make_inbound()
    recording.record(number, make_change(inbound))

    assert recording.record(number, make_change(inbound)) == []
    assert Message.objects.count() == 1
    assert Conversation.objects.get().unread == 1


def test_the_same_message_id_at_another_number_is_another_message():
    inbound = make_inbound()

    recording.record(make_number(make_business()), make_change(inbound))
    recording.record(make_number(make_business()), make_change(inbound))

    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_five_simultaneous_deliveries_are_recorded_once():
    number, inbound = make_number(make_business()), make_inbound()

    def deliver(_):
        try:
            return recording.record(number, make_change(inbound))
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(deliver, range(5)))

    conversation = Conversation.objects.get()
    assert Message.objects.count() == 1
    assert conversation.unread == 1
    assert sorted(answers) == [[], [], [], [], [conversation.pk]]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_messages_of_a_new_customer_are_all_recorded_in_one_conversation():
    number = make_number(make_business())

    def deliver(serial):
        try:
            recording.record(number, make_change(make_inbound(text=str(serial))))
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(deliver, range(5)))

    assert Customer.objects.count() == 1
    assert Conversation.objects.get().unread == 5


def test_messages_of_one_change_keep_their_order():
    texts = ["one", "two", "three", "four", "five"]

    recording.record(make_number(make_business()), make_change(*[make_inbound(text=text) for text in texts]))

    assert list(Message.objects.order_by("id").values_list("text", flat=True)) == texts


def test_conversations_are_returned_once_in_the_order_of_their_first_message():
    first, second = "+79160000001", "+79160000002"

    inbounds = [make_inbound(second), make_inbound(first), make_inbound(second)]
    ids = recording.record(make_number(make_business()), make_change(*inbounds))

    phones = [Conversation.objects.get(pk=pk).customer.phone for pk in ids]
    assert phones == [second, first]


def test_a_closed_conversation_opens_again():
    conversation = make_conversation(status="closed")

    recording.record(conversation.whatsapp_number, make_change(make_inbound(conversation.customer.phone)))

    conversation.refresh_from_db()
    assert conversation.status == "open"


def test_the_window_never_moves_back():
    now = timezone.now()
    conversation = make_conversation(last_inbound_at=now)
    late = make_inbound(conversation.customer.phone, timestamp=now - timedelta(hours=2))

    recording.record(conversation.whatsapp_number, make_change(late))

    conversation.refresh_from_db()
    assert conversation.last_inbound_at == now


def test_a_timestamp_in_the_future_does_not_keep_the_window_open_longer():
    recording.record(
        make_number(make_business()), make_change(make_inbound(timestamp=timezone.now() + timedelta(days=3)))
    )

    assert Conversation.objects.get().last_inbound_at <= timezone.now()


@pytest.mark.parametrize("kind", ["reaction", "edit", "revoke", "system"])
def test_what_is_no_real_message_is_a_row_that_is_neither_unread_nor_for_bots(kind):
    conversation = make_conversation(status="closed", last_inbound_at=None)
    event = make_inbound(conversation.customer.phone, "👍", kind, context_wamid="wamid.of-ours")

    assert recording.record(conversation.whatsapp_number, make_change(event)) == []

    conversation.refresh_from_db()
    assert (conversation.unread, conversation.status, conversation.last_inbound_at) == (0, "closed", None)
    message = conversation.messages.get()
    assert (message.type, message.context_wamid) == (kind, "wamid.of-ours")
    assert message.automated_at is not None


@pytest.mark.parametrize("text", ["стоп", "СТОП!", " Stop. ", "Отписаться", "unsubscribe"])
def test_an_opt_out_word_opts_the_customer_out(text):
    conversation = make_conversation()

    recording.record(conversation.whatsapp_number, make_change(make_inbound(conversation.customer.phone, text)))

    conversation.refresh_from_db()
    assert conversation.customer.opted_out
    assert conversation.unread == 1


@pytest.mark.parametrize("text", ["не стоп", "stop it please", "где остановка?"])
def test_other_sentences_do_not_opt_out(text):
    recording.record(make_number(make_business()), make_change(make_inbound(text=text)))

    assert not Customer.objects.get().opted_out


def test_stopping_marketing_in_whatsapp_opts_out_and_resuming_opts_in():
    customer = make_customer()
    number = make_number(customer.business)

    def tell(wants):
        wish = Preference(customer.phone, None, wants_marketing=wants, timestamp=None)
        recording.record(number, make_change(preferences=[wish]))
        customer.refresh_from_db()

    tell(False)
    assert customer.opted_out
    tell(True)
    assert not customer.opted_out


def test_a_person_without_phone_is_known_by_the_whatsapp_user_id():
    number = make_number(make_business())

    recording.record(number, make_change(make_inbound(None, sender_user_id="US.1")))
    recording.record(number, make_change(make_inbound(None, sender_user_id="US.1")))

    customer = Customer.objects.get()
    assert (customer.phone, customer.whatsapp_user_id) == (None, "US.1")
    assert Conversation.objects.get().unread == 2


def test_the_user_id_is_learnt_from_a_message_with_both_identities():
    customer = make_customer(phone="+79161112233")
    number = make_number(customer.business)

    recording.record(number, make_change(make_inbound("+79161112233", sender_user_id="US.1")))
    recording.record(number, make_change(make_inbound(None, sender_user_id="US.1")))

    assert Customer.objects.get().whatsapp_user_id == "US.1"
    assert Message.objects.count() == 2


def test_two_customers_who_turn_out_to_be_one_are_merged_with_their_conversations():
    number = make_number(make_business())
    by_phone = make_conversation(number, make_customer(number.business, phone="+79161112233", name="Anna"))
    make_message(by_phone, "by phone")
    by_user_id = make_conversation(number, make_customer(number.business, phone=None, whatsapp_user_id="US.1"))
    make_message(by_user_id, "by user id")

    recording.record(number, make_change(make_inbound("+79161112233", "both", sender_user_id="US.1")))

    customer = Customer.objects.get()
    assert (customer.pk, customer.phone, customer.whatsapp_user_id) == (by_phone.customer_id, "+79161112233", "US.1")
    texts = Conversation.objects.get().messages.order_by("id").values_list("text", flat=True)
    assert list(texts) == ["by phone", "by user id", "both"]


def test_the_profile_name_does_not_replace_a_name_that_was_given():
    customer = make_customer(name="Anna from the fair")

    recording.record(make_number(customer.business), make_change(make_inbound(customer.phone, profile_name="🌸")))

    customer.refresh_from_db()
    assert customer.name == "Anna from the fair"


def test_messages_to_a_number_that_is_switched_off_are_recorded():
    number = make_number(make_business(), is_active=False)

    recording.record(number, make_change(make_inbound()))

    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "type, body",
    [
        ("image", {"id": "1"}),
        ("order", {"product_items": [{}, {}], "text": "Gift wrap"}),
        ("system", {"body": "Anna changed her number"}),
        ("text", {"body": None}),
        ("unheard_of", {}),
    ],
)
def test_a_message_without_words_of_the_customer_is_stored_without_text(type, body):
    element = {"id": "wamid.1", "from": "79161234567", "timestamp": "1790000000", "type": type, type: body}

    recording.record(make_number(make_business()), parse("messages", {"messages": [element]}))

    assert Message.objects.get().text == ""


AD = {"source_url": "https://fb.me/ad1", "source_id": "120200", "headline": "Tea", "ctwa_clid": "CLID"}


def from_ad(phone="+79161234567", **referral):
    return make_inbound(phone, content={"type": "text", "text": {"body": "Hello"}, "referral": AD | referral})


def test_the_ad_that_a_customer_came_from_is_kept():
    recording.record(make_number(make_business()), make_change(from_ad()))

    assert Customer.objects.get().ad == {
        "headline": "Tea",
        "body": None,
        "url": "https://fb.me/ad1",
        "id": "120200",
        "click_id": "CLID",
    }


def test_the_ad_that_a_customer_came_from_first_stays():
    number = make_number(make_business())

    recording.record(number, make_change(make_inbound()))
    recording.record(number, make_change(from_ad(headline="First")))
    recording.record(number, make_change(from_ad(headline="Second")))

    assert Customer.objects.get().ad["headline"] == "First"


def test_a_customer_who_came_from_no_ad_has_none():
    recording.record(make_number(make_business()), make_change(make_inbound()))

    assert Customer.objects.get().ad is None


def test_one_message_that_cannot_be_recorded_does_not_stop_the_others():
    number = make_number(make_business())
    broken = make_inbound(wamid=None, type=None)

    with pytest.raises(IntegrityError):
        recording.record(number, make_change(broken, make_inbound(text="whole")))

    assert Message.objects.get().text == "whole"


def test_a_message_of_a_known_customer_costs_few_queries(django_assert_num_queries):
    conversation = make_conversation()
    conversation.customer.name = "Anna"
    conversation.customer.save()
    number = conversation.whatsapp_number

    # begin, customer, conversation, is it known, insert, conversation's news, commit
    with django_assert_num_queries(7):
        recording.record(number, make_change(make_inbound(conversation.customer.phone)))


def new_phone(old, new, **fields):
    content = {"type": "system", "system": {"type": "user_changed_number", "wa_id": new.lstrip("+")}}
    return make_inbound(old, "", type="system", new_phone=new, profile_name="", content=content, **fields)


def test_a_customer_who_changes_the_number_goes_on_in_the_same_conversation():
    number = make_number(make_business())
    make_conversation(number, make_customer(number.business, phone="+79161234567"))

    recording.record(number, make_change(new_phone("+79161234567", "+79169998877")))
    recording.record(number, make_change(make_inbound("+79169998877", sender_user_id="RU.2")))

    customer = Customer.objects.get()
    assert (customer.phone, customer.whatsapp_user_id) == ("+79169998877", "RU.2")
    assert Conversation.objects.get().messages.count() == 2


def test_the_news_of_a_new_phone_changes_it_once():
    number = make_number(make_business())
    customer = make_customer(number.business, phone="+79161234567")
    change = make_change(new_phone("+79161234567", "+79169998877"))
    recording.record(number, change)
    stranger = make_customer(number.business, phone="+79161234567", name="Has the old phone now")

    recording.record(number, change)

    customer.refresh_from_db()
    stranger.refresh_from_db()
    assert (customer.phone, stranger.phone) == ("+79169998877", "+79161234567")
    assert Message.objects.count() == 1


def test_of_an_unknown_customer_only_the_new_phone_is_kept():
    number = make_number(make_business())

    recording.record(number, make_change(new_phone("+79161234567", "+79169998877")))

    assert Customer.objects.get().phone == "+79169998877"


@pytest.mark.django_db(transaction=True)
def test_a_bots_turn_and_a_webhook_do_not_wait_for_each_other():
    """A turn holds the conversation and then writes its customer, of whom a webhook has news meanwhile."""
    conversation = make_conversation()
    customer = conversation.customer
    held, waiting = Event(), Event()

    def turn():
        with transaction.atomic():
            Conversation.objects.select_for_update().get(pk=conversation.pk)
            held.set()
            waiting.wait()
            time.sleep(0.3)
            customers.opt_out(Customer.objects.get(pk=customer.pk))
        connection.close()

    def webhook():
        held.wait()
        waiting.set()
        recording.record(
            conversation.whatsapp_number, make_change(make_inbound(customer.phone, sender_user_id="RU.1"))
        )
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(turn), pool.submit(webhook)]:
            future.result()

    customer.refresh_from_db()
    assert (customer.opted_out, customer.whatsapp_user_id) == (True, "RU.1")


def test_a_file_that_is_called_stop_is_no_opt_out():
    number = make_number(make_business())
    content = {"type": "document", "document": {"id": "1", "filename": "stop"}}

    recording.record(number, make_change(make_inbound(text="", type="document", content=content)))

    assert Message.objects.get().text == ""
    assert not Customer.objects.get().opted_out


def new_user_id(old, new, phone=None, **fields):
    content = {"type": "system", "system": {"type": "user_changed_user_id", "user_id": new}}
    said = {"sender_user_id": old, "new_user_id": new, "profile_name": "", "content": content}
    return make_inbound(phone, "", type="system", **said, **fields)


@pytest.mark.parametrize("phone", [None, "+79161234567"])
def test_a_customer_whose_user_id_changes_stays_the_same(phone):
    number = make_number(make_business())
    customer = make_customer(number.business, phone=phone, whatsapp_user_id="RU.1")

    recording.record(number, make_change(new_user_id("RU.1", "RU.2", phone)))
    recording.record(number, make_change(make_inbound(phone, sender_user_id="RU.2")))

    assert Customer.objects.get() == customer
    customer.refresh_from_db()
    assert customer.whatsapp_user_id == "RU.2"


def test_the_news_of_a_new_user_id_changes_it_once():
    number = make_number(make_business())
    make_customer(number.business, phone=None, whatsapp_user_id="RU.1")
    news = make_change(new_user_id("RU.1", "RU.2"))
    recording.record(number, news)
    other = make_customer(number.business, phone=None, whatsapp_user_id="RU.1")

    recording.record(number, news)

    other.refresh_from_db()
    assert other.whatsapp_user_id == "RU.1"


def test_a_webhook_of_its_own_tells_of_a_new_user_id_too():
    number = make_number(make_business())
    known = make_customer(number.business, phone="+79161234567", whatsapp_user_id="RU.1")
    make_customer(number.business, phone=None, whatsapp_user_id="RU.2", name="Anna")
    stranger = make_customer(phone=None, whatsapp_user_id="RU.1")

    recording.record(number, Change("user_id_update", {}, user_id_changes=(UserIdChange("RU.1", "RU.2"),)))
    recording.record(number, Change("user_id_update", {}, user_id_changes=(UserIdChange("RU.7", "RU.8"),)))

    customer = Customer.objects.get(business=number.business)
    assert (customer, customer.whatsapp_user_id, customer.name) == (known, "RU.2", "Anna")
    stranger.refresh_from_db()
    assert stranger.whatsapp_user_id == "RU.1"
