import pytest
from django.core.exceptions import ValidationError

from whatsapp.phone_numbers import country_of, normalize_phone, phones_in


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("8 (916) 123-45-67", "RU", "+79161234567"),
        ("+8 (916) 123-45-67", "RU", "+79161234567"),
        ("+87011234567", "KZ", "+77011234567"),
        ("+84 91 234 56 78", "RU", "+84912345678"),
        ("030 901820", "DE", "+4930901820"),
        ("8-916-123-45-67 доб. 12", "RU", "+79161234567"),
        ("\u202a+7 916 123-45-67\u202c", "RU", "+79161234567"),
        ("8(916)123-45-67 (Anna)", "RU", "+79161234567"),
        ("тел. 8 916 123 45 67", "RU", "+79161234567"),
        ("+7 916 123-45-67", None, "+79161234567"),
    ],
)
def test_a_phone_is_read_in_any_usual_way(text, country, phone):
    assert normalize_phone(text, country) == phone
    assert list(phones_in(text, country)) == [phone]


@pytest.mark.parametrize(
    "text",
    ["1234567", "7000023", "112", "", "Anna", "8 916 123", "89161234567;89031234567", "+79161234567, +79031234567"],
)
def test_what_is_not_one_phone_is_refused(text):
    with pytest.raises(ValidationError):
        normalize_phone(text, "RU")


def test_a_phone_written_twice_is_one():
    assert normalize_phone("+7 916 123-45-67, 89161234567", "RU") == "+79161234567"


@pytest.mark.parametrize(
    ("recipient", "country"),
    [
        ("+79161234567", "RU"),
        ("+77011234567", "KZ"),
        ("+551187654321", "BR"),
        ("+5215512345678", "MX"),
        ("+12025550123", "US"),
        ("KZ.13491208655302741918", "KZ"),
        ("US.ENT.13491208655302741918", "US"),
    ],
)
def test_a_recipient_has_a_country(recipient, country):
    assert country_of(recipient) == country


@pytest.mark.parametrize("recipient", ["", "+", "+99999", "+882161234567", "deleted-5", "7.1", "KZ"])
def test_what_names_no_country_has_none(recipient):
    assert country_of(recipient) == ""
