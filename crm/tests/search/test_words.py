"""What is typed is words; where a text has them is told."""

import pytest

from crm.search.words import MAX_WORDS, Query


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("Есть доставка?", "доставку", ["доставка"]),
        ("Ёлка и ёлочка", "елка", ["Ёлка"]),
        ("Заказ, заказчик", "заказы", ["Заказ", "заказчик"]),
        ("Чай и чайник", "чая", ["Чай"]),
        ("красное платье", "платья красные", ["красное", "платье"]),
        ("Заказ", "доставка", []),
        ("Заказ", "", []),
    ],
)
def test_the_words_of_a_query_are_marked(text, typed, marked):
    assert [text[begin:end] for begin, end in Query.of(typed).places(text)] == marked


def test_places_are_none_where_folding_changes_the_length():
    assert Query.of("заказ").places("İ заказ") == []


def test_a_query_has_so_many_words():
    assert len(Query.of(" ".join(f"слово{number}" for number in range(20))).words) == MAX_WORDS


def test_a_repeated_word_is_looked_for_once():
    assert len(Query.of("заказ заказы заказ").words) == 1
