"""What becomes of the texts of messages that were stored with a phrase of ours."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db

migration = import_module("crm.migrations.0009_keep_words_of_customers_alone")


def migrated(message):
    migration.keep_words_alone(apps, connection.schema_editor())
    message.refresh_from_db()
    return message.text


FORM = {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}


@pytest.mark.parametrize(
    "type, body, text",
    [
        ("image", {"id": "1"}, "Фото"),
        ("order", {"product_items": [], "text": "Gift wrap"}, "Заказ: 0 товаров. Gift wrap"),
        ("interactive", FORM, "Ответ на форму"),
        ("text", {"body": None}, "Пустое сообщение"),
        ("unheard_of", {}, "Сообщение, которое здесь не показать"),
    ],
)
def test_a_phrase_of_ours_is_taken_away(type, body, text):
    assert migrated(make_message(text=text, type=type, content={"type": type, type: body})) == ""


@pytest.mark.parametrize(
    "type, body, text",
    [
        ("text", {"body": "Фото"}, "Фото"),
        ("image", {"caption": "Фото"}, "Фото"),
        ("interactive", {"type": "list_reply", "list_reply": {"title": "Ответ на форму"}}, "Ответ на форму"),
        ("button", {"text": "Хочу"}, "Хочу"),
        ("reaction", {"emoji": "👍"}, "👍"),
    ],
)
def test_what_the_customer_wrote_stays(type, body, text):
    assert migrated(make_message(text=text, type=type, content={"type": type, type: body})) == text


def test_what_was_sent_stays():
    message = make_message(text="Фото", direction="out", type="image", content={"type": "image", "image": {}})

    assert migrated(message) == "Фото"


def test_a_message_of_which_nothing_else_is_known_stays():
    assert migrated(make_message(text="Hello", content={})) == "Hello"


def test_messages_are_read_some_at_a_time_to_the_last(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(migration, "BATCH", 2)
    conversation = make_conversation()
    messages = [
        make_message(conversation, "Фото", type="image", content={"type": "image", "image": {}}) for _each in range(5)
    ]

    # three batches are read and changed, a fourth is empty
    with django_assert_num_queries(7):
        migrated_texts = migration.keep_words_alone(apps, connection.schema_editor())

    assert migrated_texts is None
    assert [type(message).objects.get(pk=message.pk).text for message in messages] == [""] * 5
