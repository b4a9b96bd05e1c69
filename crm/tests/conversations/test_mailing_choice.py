"""A customer opts out or in again by words, and is told so once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_owner
from crm.conversations import recording
from crm.customers import customers
from crm.models import Customer
from crm.testing import make_change, make_conversation, make_customer, make_inbound
from crm.tests.calls import path
from whatsapp.testing import make_number
from whatsapp.webhooks.changes import Preference

pytestmark = pytest.mark.django_db

OUT = "You will receive no more mailings. To receive them again, write START."
IN = "You will receive our mailings again. To stop them, write STOP."


def in_english(**fields):
    return make_conversation(make_number(make_owner(language="en").business), **fields)


@pytest.fixture
def conversation():
    return in_english()


def write(conversation, *texts, **fields):
    """The customer writes. Returns what is queued for them so far."""
    messages = [make_inbound(conversation.customer.phone, text, **fields) for text in texts]
    recording.record(conversation.whatsapp_number, make_change(*messages))
    conversation.refresh_from_db()
    conversation.customer.refresh_from_db()
    return told(conversation)


def told(conversation):
    return list(conversation.messages.filter(direction="out").order_by("pk").values_list("text", flat=True))


def set_business(conversation, **values):
    business = conversation.whatsapp_number.business
    for name, value in values.items():
        setattr(business, name, value)
    business.save()


def opted_out(**fields):
    conversation = in_english(**fields)
    customers.opt_out(conversation.customer)
    return conversation


# What is confirmed


def test_an_opt_out_is_confirmed_by_the_bot(conversation):
    assert write(conversation, "стоп") == [OUT]
    message = conversation.messages.get(direction="out")
    assert (message.origin, message.status, message.author) == ("bot", "queued", None)
    assert message.content == {"type": "text", "text": {"body": OUT}}


def test_it_is_confirmed_once_however_often_it_is_said(conversation):
    assert write(conversation, "стоп", "СТОП!") == [OUT]
    assert write(conversation, "стоп") == [OUT]


def test_a_repeated_delivery_confirms_nothing_again(conversation):
    change = make_change(make_inbound(conversation.customer.phone, "стоп"))
    for _delivery in range(2):
        recording.record(conversation.whatsapp_number, change)
    assert told(conversation) == [OUT]


def test_each_change_is_confirmed(conversation):
    assert write(conversation, "стоп", "старт", "стоп", "start") == [OUT, IN, OUT, IN]
    assert not conversation.customer.opted_out


def test_it_is_confirmed_in_the_language_of_the_business(conversation):
    set_business(conversation, language="ru")
    assert "СТАРТ" in write(conversation, "stop")[0]
    assert "СТОП" in write(conversation, "start")[1]


def test_the_business_has_words_of_its_own_for_it(conversation):
    set_business(conversation, opt_out_text="Bye!", opt_in_text="Welcome back!")
    assert write(conversation, "stop", "start") == ["Bye!", "Welcome back!"]


def test_the_business_may_say_nothing(conversation):
    set_business(conversation, confirms_opt_out=False)
    assert write(conversation, "stop") == []
    assert conversation.customer.opted_out


def test_it_is_confirmed_where_a_person_answers_and_pauses_or_resumes_nothing():
    conversation = in_english(bot_paused=True)
    assert write(conversation, "стоп") == [OUT]
    assert conversation.bot_paused and conversation.bot_resumes_at is None


def test_a_confirmation_pauses_no_bot(conversation):
    write(conversation, "стоп")
    assert not conversation.bot_paused and conversation.unread == 1


def test_where_the_number_may_not_send_the_opt_out_counts_in_silence(conversation):
    conversation.whatsapp_number.is_active = False
    conversation.whatsapp_number.save()
    assert write(conversation, "стоп") == []
    assert conversation.customer.opted_out


def test_an_opt_out_that_arrives_days_later_counts_in_silence():
    conversation = in_english(last_inbound_at=None)
    assert write(conversation, "стоп", timestamp=timezone.now() - timedelta(days=2)) == []
    assert conversation.customer.opted_out


def test_the_first_message_of_a_stranger_is_confirmed_too(conversation):
    recording.record(conversation.whatsapp_number, make_change(make_inbound("+79160001122", "stop")))
    assert told(Customer.objects.get(phone="+79160001122").conversations.get()) == [OUT]


def test_what_is_chosen_in_whatsapp_itself_or_by_people_is_not_confirmed(conversation):
    customer = conversation.customer
    for wants in (False, True):
        wish = Preference(customer.phone, None, wants_marketing=wants, timestamp=None)
        recording.record(conversation.whatsapp_number, make_change(preferences=[wish]))
    customers.opt_out(Customer.objects.get())
    assert told(conversation) == []


def test_of_two_who_opt_a_customer_out_at_the_same_moment_one_changes_it():
    customer = make_customer()
    one, other = (Customer.objects.get(pk=customer.pk) for _row in range(2))
    assert [customers.opt_out(one), customers.opt_out(other)] == [True, False]
    assert one.opted_out_at == other.opted_out_at
    one, other = (Customer.objects.get(pk=customer.pk) for _row in range(2))
    assert [customers.opt_in(one), customers.opt_in(other)] == [True, False]


def test_an_edit_or_a_reaction_opts_nobody_out_or_in():
    conversation = opted_out()
    for kind in ("edit", "reaction"):
        assert write(conversation, "старт", type=kind) == []
    assert conversation.customer.opted_out


# Opting in


@pytest.mark.parametrize("text", ["старт", "START!", "Подписаться", "подпишите меня на рассылку"])
def test_an_opt_in_word_undoes_an_opt_out(text):
    conversation = opted_out()
    assert write(conversation, text) == [IN]
    assert not conversation.customer.opted_out


@pytest.mark.parametrize("text", ["не старт", "старт?", "когда старт продаж", "хочу заказать", "стоп"])
def test_nothing_else_undoes_it(text):
    conversation = opted_out()
    assert write(conversation, text) == []
    assert conversation.customer.opted_out


def test_an_opt_in_word_of_somebody_who_never_opted_out_is_a_message_like_any(conversation):
    assert write(conversation, "старт") == []
    assert conversation.messages.get().automated_at is None


# Words of the business


def test_words_of_the_business_opt_out_and_in(conversation):
    set_business(conversation, opt_out_words=["Не надо!"], opt_in_words=["хочу скидки"])
    assert write(conversation, "не надо, спасибо", "Хочу скидки") == [OUT, IN]


@pytest.mark.parametrize("text", ["не надо заказ", "надо", "не", "не надо?", "хочу скидки"])
def test_other_sentences_with_such_words_do_not(conversation, text):
    set_business(conversation, opt_out_words=["не надо"], opt_in_words=["хочу скидки"])
    assert write(conversation, text) == []


def test_words_of_another_business_do_not(conversation):
    set_business(make_conversation(), opt_out_words=["не надо"])
    assert write(conversation, "не надо") == []


def test_the_owner_writes_words_by_api_and_they_are_cleaned(api, owner):
    body = {"opt_out_words": [" не  надо ", "Не надо", "хватит"], "opt_in_words": ["хочу"]}
    answer = api.patch("/api/v1/business/", body, format="json").json()
    assert (answer["opt_out_words"], answer["opt_in_words"]) == (["не надо", "хватит"], ["хочу"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"opt_out_words": ["x" * 101]}, "opt_out_words"),
        ({"opt_out_words": [f"word {serial}" for serial in range(51)]}, "opt_out_words"),
        ({"opt_out_words": "стоп"}, "opt_out_words"),
        ({"opt_in_words": [None]}, "opt_in_words"),
        ({"opt_out_words": ["да"], "opt_in_words": ["ДА"]}, "opt_in_words"),
        ({"opt_out_text": "x" * 1001}, "opt_out_text"),
    ],
)
def test_words_that_cannot_be_are_refused_and_change_nothing(api, owner, body, field):
    response = api.patch("/api/v1/business/", body, format="json")
    assert (response.status_code, list(response.json())) == (400, [field])
    owner.business.refresh_from_db()
    assert owner.business.opt_out_words == []


def test_a_word_is_not_in_both_lists_even_if_given_one_after_the_other(api, owner):
    api.patch("/api/v1/business/", {"opt_out_words": ["да"]}, format="json")
    assert api.patch("/api/v1/business/", {"opt_in_words": ["да"]}, format="json").status_code == 400


def test_opting_out_by_api_is_not_confirmed(api, number):
    conversation = make_conversation(number)
    api.patch(path("customers", conversation.customer_id), {"opted_out": True}, format="json")
    conversation.customer.refresh_from_db()
    assert conversation.customer.opted_out and told(conversation) == []
