"""The admin's list of messages is searched by words."""

import pytest
from django.urls import reverse

from accounts.testing import make_administrator
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db

ADDRESS = reverse("admin:crm_message_changelist")


@pytest.fixture
def found(client, owner):
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return lambda **query: [row.text for row in client.get(ADDRESS, query).context["cl"].result_list]


def test_messages_are_found_by_words_in_any_form(found, number):
    conversation = make_conversation(number)
    for text in ("Есть доставка?", "Здравствуйте", "Доставку завтра"):
        make_message(conversation, text)
    make_message(text="Чужая доставка")

    assert found(q="доставки") == ["Доставку завтра", "Есть доставка?"]
    assert len(found(q="")) == 3


def test_a_search_goes_with_the_filters_of_the_list(found, number):
    conversation = make_conversation(number)
    make_message(conversation, "Заказ")
    make_message(conversation, "Заказ отправлен", direction="out")

    assert found(q="заказ", direction__exact="out") == ["Заказ отправлен"]


def test_a_platform_administrator_has_no_box_to_search_in(client, number):
    make_message(make_conversation(number), "Заказ")
    client.force_login(make_administrator(), backend="accounts.people.roles.RoleBackend")

    response = client.get(ADDRESS)
    assert 'id="searchbar"' not in response.text
    assert len(client.get(ADDRESS, {"q": "бегемот"}).context["cl"].result_list) == 1
