"""One field finds customers, messages, deals, scenarios and broadcasts, from every page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_administrator, make_colleague, make_owner
from bots.testing import make_bot, make_scenario
from broadcasts.testing import make_broadcast
from chatbot_site import search
from crm.conversations import notes
from crm.deals import deals
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


@pytest.fixture
def page(client, owner):
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return lambda typed: client.get(reverse("admin:search"), {"q": typed})


def keys(response):
    return [group.key for group in response.context["groups"]]


def test_what_a_customer_is_called_finds_them_and_their_deals_and_the_way_to_write_to_them(page, number):
    customer = make_customer(number.business, name="Юлия Жданова", phone="+79167000001")
    deal = deals.create_deal(customer, "Торт")

    response = page("жданова")

    assert keys(response) == ["customer", "deal"]
    for url in (
        reverse("admin:crm_customer_change", args=[customer.pk]),
        reverse("admin:crm_deal_change", args=[deal.pk]),
        reverse("admin:crm_customer_write", args=[customer.pk]),
    ):
        assert f'href="{url}"' in response.text


@pytest.mark.parametrize("typed", ["+79167000001", "8 (916) 700-00-01", "7000001"])
def test_a_phone_is_known_in_any_form(page, number, typed):
    make_customer(number.business, name="Юлия", phone="+79167000001")

    assert keys(page(typed)) == ["customer"]


def test_a_message_is_shown_with_the_words_marked_and_leads_to_its_dialogue(page, number):
    conversation = make_conversation(number)
    make_message(conversation, "Есть доставка <b>?")

    response = page("доставки")

    assert "Есть <mark>доставка</mark> &lt;b&gt;?" in response.text
    assert f'href="{search.dialogue_url(conversation.pk)}"' in response.text


def test_a_note_is_found_and_called_so(page, number, owner):
    notes.write(make_conversation(number), owner, "Просил скидку")

    response = page("скидка")

    assert [hit.more for hit in response.context["groups"][0].hits] == ["Note"]


def test_deals_scenarios_and_broadcasts_are_found_by_their_names(page, number):
    deals.create_deal(make_customer(number.business), "Праздничный торт")
    make_scenario(make_bot(number), name="Торты на заказ")
    make_broadcast(number, name="Торты к 8 марта")

    assert keys(page("торт")) == ["deal", "botscenario", "broadcast"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Write a name, a phone in any form"),
        ("  ", "Write a name, a phone in any form"),
        ("я", "Write at least two letters or digits."),
        ("?!*", "Write at least two letters or digits."),
        ("<бегемот>", "Nothing was found for “&lt;бегемот&gt;”."),
    ],
)
def test_what_finds_nothing_is_told_in_a_sentence(page, typed, sentence):
    response = page(typed)

    assert response.status_code == 200
    assert sentence in response.text


def test_nothing_of_another_business_is_found(page):
    other = make_number(make_owner().business)
    conversation = make_conversation(other, make_customer(other.business, name="Торт", phone="+79167000001"))
    make_message(conversation, "Торт")
    deals.create_deal(conversation.customer, "Торт")
    make_scenario(make_bot(other), name="Торт")
    make_broadcast(other, name="Торт")

    assert keys(page("торт")) == []
    assert keys(page("+79167000001")) == []


def test_only_what_one_may_view_is_found(client, owner, number):
    make_message(make_conversation(number, make_customer(owner.business, name="Торт")), "Торт")
    operator = make_colleague(owner)
    operator.user_permissions.clear()
    assert [group.key for group in search.search("торт", operator)] == ["customer", "message"]

    outsider = make_owner()
    outsider.business = owner.business
    outsider.role = "nobody"
    assert search.search("торт", outsider) == []


def test_a_platform_administrator_finds_customers(client, number):
    make_customer(number.business, name="Торт")
    client.force_login(make_administrator(), backend="accounts.people.roles.RoleBackend")

    assert keys(client.get(reverse("admin:search"), {"q": "торт"})) == ["customer"]


def test_who_is_not_signed_in_is_asked_to(client):
    assert client.get(reverse("admin:search")).status_code == 302


def queries_of(page, typed):
    page(typed)
    with CaptureQueriesContext(connection) as queries:
        page(typed)
    return len(queries)


def test_the_page_takes_as_many_queries_however_much_is_found(page, number):
    def make_one():
        conversation = make_conversation(number, make_customer(number.business, name="Торт"))
        make_message(conversation, "Торт")
        deals.create_deal(conversation.customer, "Торт")

    make_one()
    few = queries_of(page, "торт")
    for _ in range(4):
        make_one()

    assert queries_of(page, "торт") == few <= 14
