"""Programs find messages by their words."""

import pytest

from crm.testing import make_conversation, make_message
from crm.tests.calls import path

pytestmark = pytest.mark.django_db


def found(api, *where, **query):
    answer = api.get(path(*where), query)
    assert answer.status_code == 200, answer.data
    return [row["text"] for row in answer.data["results"]]


def test_messages_are_found_by_words_in_any_form(api, number):
    conversation = make_conversation(number)
    for text in ("Есть доставка?", "Здравствуйте", "Доставку завтра"):
        make_message(conversation, text)
    make_message(text="Чужая доставка")

    assert found(api, "messages", search="доставки") == ["Доставку завтра", "Есть доставка?"]


def test_a_search_goes_with_other_filters(api, number):
    conversation, other = make_conversation(number), make_conversation(number)
    make_message(conversation, "Заказ")
    make_message(other, "Заказ другой")
    make_message(conversation, "Заказ отправлен", direction="out")

    assert found(api, "messages", search="заказ", conversation=conversation.pk, direction="in") == ["Заказ"]
    assert found(api, "conversations", other.pk, "messages", search="заказы") == ["Заказ другой"]


def test_a_search_without_words_finds_nothing(api, number):
    make_message(make_conversation(number), "Заказ")

    assert found(api, "messages", search="?!") == []


def test_pages_of_a_search_follow_each_other(api, number):
    conversation = make_conversation(number)
    for serial in range(3):
        make_message(conversation, f"Заказ {serial}")

    page = api.get(path("messages"), {"search": "заказ", "page_size": 2})
    rest = api.get(page.data["next"])
    texts = [row["text"] for row in (*page.data["results"], *rest.data["results"])]
    assert texts == ["Заказ 2", "Заказ 1", "Заказ 0"]
