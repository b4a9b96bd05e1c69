"""Messages are found by their words, by reading the newest ones and by the index alike."""

import pytest
from django.db import connection

from accounts.testing import make_business
from crm.conversations import notes
from crm.models import Message
from crm.search import messages as search
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["read", "indexed"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "indexed":
        monkeypatch.setattr(search, "NEAR", 0)


@pytest.fixture
def conversation():
    return make_conversation(make_number(make_business()))


def found(conversation, typed, **limits):
    rows = Message.objects.filter(conversation=conversation)
    pks = search.find_messages(rows, conversation.business_id, typed, **limits)
    texts = dict(Message.objects.values_list("pk", "text"))
    return [texts[pk] for pk in pks]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Когда привезут заказ?", "заказы"),
        ("Есть доставка?", "доставку"),
        ("С доставкой, пожалуйста", "Доставки"),
        ("Ёлка живая", "елки"),
        ("Елка живая", "ЁЛКУ"),
        ("Чаю бы", "чай"),
        ("Много скидок", "скидка"),
        ("Есть скидка?", "скидок"),
        ("Подарки", "подарок"),
        ("Пять чашек", "чашки"),
        ("Хочу красное платье", "красные платья"),
        ("Размер/цвет:синий", "синяя"),
        ("😀привет«друзья»", "друзья"),
        ("Three deliveries", "delivery"),
        ("Номер 8 (916) 123-45-67", "123"),
        ("Артикул А45б", "а45"),
        ("נא לשלוח הביתה", "הביתה"),
        ("नमस्ते दुनिया", "दुनिया"),
        ("ПОЗОВИТЕ ОПЕРАТОРА", "оператор"),
    ],
)
def test_a_word_is_found_in_any_form(conversation, text, typed):
    make_message(conversation, text)

    assert found(conversation, typed) == [text]


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Перезаказ", "заказ"),
        ("Час назад", "чай"),
        ("Заказ", "заказ доставка"),
        ("Заказ", ""),
        ("Заказ", "?! 😀"),
        ("Заказ", "\ue0001"),
        ("Заказ", "x"),
    ],
)
def test_other_words_are_not_found(conversation, text, typed):
    make_message(conversation, text)

    assert found(conversation, typed) == []


@pytest.mark.parametrize(
    "typed", ["a' | b", 'a" OR "b', "a\\", "NOT заказ*", "a:* & !b", "%s", "\x00", "a\ufe0fb" * 99]
)
def test_what_databases_would_take_for_their_language_is_words(conversation, typed):
    assert found(conversation, typed) == []


def test_the_newest_come_first_and_no_more_than_asked_for(conversation):
    for number in range(4):
        make_message(conversation, f"Заказ {number}")

    assert found(conversation, "заказ", limit=2) == ["Заказ 3", "Заказ 2"]


def test_notes_are_found(conversation):
    notes.write(conversation, make_colleague_of(conversation), "Просил скидку")

    assert found(conversation, "скидка") == ["Просил скидку"]


def make_colleague_of(conversation):
    return conversation.business.people.get()


def test_a_changed_text_is_found_by_its_new_words_alone(conversation):
    message = make_message(conversation, "Заказ")
    message.text = "Доставка"
    message.save(update_fields=["text"])

    assert (found(conversation, "заказ"), found(conversation, "доставка")) == ([], ["Доставка"])


def test_words_that_come_and_go_are_known(conversation):
    message = make_message(conversation, "")
    Message.objects.update(text="Заказ")
    assert found(conversation, "заказ") == ["Заказ"]
    Message.objects.update(text="")
    assert found(conversation, "заказ") == []
    message.delete()


def test_a_deleted_message_is_not_found(conversation):
    make_message(conversation, "Заказ").delete()

    assert search.newest_with(search.Query.of("заказ"), conversation.business_id, 10) == []


def test_the_index_answers_about_one_business(conversation):
    make_message(conversation, "Заказ")
    other = make_conversation(make_number(make_business()))
    for forged in (f"b{conversation.business_id}xзаказ", f"\ue000{conversation.business_id} заказ"):
        make_message(other, forged)

    assert len(search.newest_with(search.Query.of("заказ"), conversation.business_id, 10)) == 1


def test_messages_of_other_businesses_are_left_out_whatever_rows_are_given(conversation):
    make_message(conversation, "Заказ")
    make_message(text="Заказ")

    assert len(search.find_messages(Message.objects.all(), conversation.business_id, "заказ")) == 1


def test_a_text_of_any_length_is_kept(conversation):
    make_message(conversation, "я" * 100_000 + " заказ")
    make_message(conversation, "заказ " + "ъ" * 3000)

    assert len(found(conversation, "заказ")) == 1


@pytest.mark.postgresql
def test_postgresql_uses_the_index(conversation):
    make_message(conversation, "Заказ")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + search_sql(), ["'b1xзаказ':*", 10])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "message_words" in plan


def search_sql():
    from crm.search.index import _POSTGRESQL

    return _POSTGRESQL
