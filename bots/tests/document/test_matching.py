import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from bots.document.matching import calls_for, compiled, matches
from crm.normalization import normalize


@pytest.mark.parametrize(
    ("match", "value", "text", "expected"),
    [
        ("equals", "Заказ", "  заказ ", True),
        ("equals", "ёлка", "ЕЛКА", True),
        ("equals", "елка", "Ёлка", True),
        ("equals", "заказ", "мой заказ", False),
        ("equals", "как дела", "Как   дела", True),
        ("contains", "заказ", "Хочу сделать ЗАКАЗ!", True),
        ("contains", "заказ", "хочу заказать", False),
        ("contains", "заказ", "перезаказ", False),
        ("contains", "мой заказ", "где мой заказ?", True),
        ("contains", "c++", "учу C++.", True),
        ("contains", "", "что угодно", False),
        ("starts", "зак", "Заказать", True),
        ("starts", "зак", "Мой заказ", False),
        ("regex", r"^закаж\w+", "Закажите мне", True),
        ("regex", r"^\w+$", "Ёжик", True),
        ("regex", r"№\s*\d+", "заказ № 15", True),
        ("regex", r"[\d-]{3}", "1-5", True),
        ("regex", r"Ё[а-я]+", "ёжик", True),
        ("regex", r"^\W+$", "!?", True),
        ("regex", r"^\W+$", "ы", False),
        ("equals", "й", "и\u0306", True),
        ("equals", "заказ", " заказ! ", True),
        ("equals", "заказ", "«Заказ»", True),
        ("equals", "заказ", "заказ 🙂", True),
        ("equals", "заказ", "за\u00adказ", True),
        ("equals", "заказ", "\ufeffзаказ\u200b", True),
        ("equals", "✅ Заказ", "заказ", True),
        ("equals", "заказ", "заказать", False),
        ("equals", "👍", "👍", True),
        ("equals", "👍", "👎", False),
        ("equals", "+", "-", False),
        ("starts", "заказ", "«Заказ» 15", True),
        ("contains", "«заказ»", "мой заказ", True),
        ("regex", "✅\ufe0f", "✅ да", True),
    ],
)
def test_a_keyword_matches_as_people_mean_it(match, value, text, expected):
    assert matches(match, value, text) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("оператор", "Оператор!", "оператор?", "Нужен оператор, пожалуйста", "позовите оператора", "где оператор"),
        *("Здравствуйте! Соедините, пожалуйста, с оператором", "хочу поговорить с живым оператором"),
    ],
)
def test_who_asks_for_an_operator_politely_is_understood(text):
    assert calls_for("оператор", normalize(text))


@pytest.mark.parametrize(
    "text",
    [
        *("не нужен оператор", "оператор не нужен", "я оператор станка", "какой у вас оператор связи", "операторская"),
        *("нужна помощь", "пожалуйста", "вы оператор?", ""),
    ],
)
def test_who_speaks_of_an_operator_calls_none(text):
    assert not calls_for("оператор", normalize(text))


@pytest.mark.parametrize("pattern", [r"\bзаказ\b", r"\B", r"[\W]", "(", "(?=a)", r"(a)\1", "a{2000}", "x" * 501])
def test_a_pattern_that_cannot_be_run_is_refused(pattern):
    with pytest.raises(ValidationError):
        compiled(pattern)


@pytest.mark.parametrize("pattern", [".{1,1000}!", "(.{0,30}){0,30}x", r"\w{1,200}!", r"(?:a?){500}a{500}"])
def test_a_pattern_with_too_much_to_try_is_refused(pattern):
    with pytest.raises(ValidationError, match="too large"):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern", [r"\+?[78][\d\- ]{10,15}", r"^(заказ|цена).{0,60}размер", r"\w{2,30}@\w+\.\w{2,6}"]
)
def test_a_pattern_that_repeats_a_little_is_fine(pattern):
    assert compiled(pattern)


def test_a_word_boundary_is_refused_with_a_hint():
    with translation.override("en"), pytest.raises(ValidationError, match="contains the word"):
        compiled(r"\bзаказ\b")


def test_a_malicious_pattern_takes_no_time():
    assert not matches("regex", "(a+)+$", "a" * 4000 + "!")
