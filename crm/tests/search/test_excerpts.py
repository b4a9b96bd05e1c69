"""An excerpt shows why a text was found."""

from crm.search.excerpts import LENGTH, Part, excerpt
from crm.search.words import Query


def shown(text, typed):
    return excerpt(text, Query.of(typed))


def test_words_are_marked_where_they_stand():
    assert shown("Есть доставка?", "доставки") == [Part("Есть "), Part("доставка", is_marked=True), Part("?")]


def test_a_long_text_begins_shortly_before_the_first_word():
    first, *_middle, last = shown("слово " * 100 + "доставка " + "слово " * 100, "доставка")

    assert first == Part("…")
    assert last.text.endswith("…")
    assert sum(len(part.text) for part in shown("слово " * 100 + "доставка", "доставка")) < LENGTH


def test_a_text_without_blanks_is_cut_anywhere():
    parts = shown("я" * 300 + ".доставка", "доставка")

    assert Part("доставка", is_marked=True) in parts


def test_a_text_without_the_words_begins_at_its_beginning():
    assert shown("Здравствуйте", "доставка") == [Part("Здравствуйте")]
