import pytest

from crm.normalization import normalize, trim


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Заказ", "заказ"),
        ("Ёлка", "елка"),
        ("как \u00a0\n  дела", "как дела"),
        ("за\u00adказ", "заказ"),
        ("\ufeffзаказ\u200b", "заказ"),
        ("заказ\u3164", "заказ"),
        ("✅\ufe0f да", "✅ да"),
        ("1\ufe0f\u20e3", "1"),
        ("١٢", "12"),
        ("и\u0306", "й"),
        ("Дa", "да"),
        ("CTОП", "стоп"),
        ("stоp", "stop"),
    ],
)
def test_what_looks_the_same_is_the_same(text, expected):
    assert normalize(text) == expected


@pytest.mark.parametrize("text", ["c", "с", "wi-fi для гостей", "vipка", "жk", "½", "№5", "c++", "a\u0301"])
def test_what_differs_to_the_eye_stays(text):
    assert normalize(text) == text.replace("a\u0301", "á")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("«заказ»!", "заказ"),
        ("заказ 🙂", "заказ"),
        ("✅ да", "да"),
        ("№1", "1"),
        ("1.", "1"),
        ("1)", "1"),
        ("#стоп", "стоп"),
        ("как дела, анна?", "как дела, анна"),
    ],
)
def test_what_stands_around_the_words_is_trimmed(text, expected):
    assert trim(text) == expected


@pytest.mark.parametrize("text", ["👍", "?", "!!", "c++", "1+1", "$5", "5₽", "чай/кофе", ""])
def test_what_says_something_is_not_trimmed(text):
    assert trim(text) == text
