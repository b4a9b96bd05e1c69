import pytest
from django.core.exceptions import ValidationError

from whatsapp.phone_numbers import canonical_phone, country_of, normalize_phone, phones_in, readable_phone, variants_of


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
    ("phone", "other"),
    [
        ("+5511990009045", "+551190009045"),
        ("+5531987654321", "+553187654321"),
        ("+525512345678", "+5215512345678"),
        ("+5491112345678", "+541112345678"),
        ("+5493413456789", "+543413456789"),
    ],
)
def test_two_spellings_of_one_line_are_variants(phone, other):
    assert variants_of(phone) == variants_of(other) == (phone, other)
    assert canonical_phone(other) == phone


@pytest.mark.parametrize(
    "phone",
    [
        "+79161234567",
        "+551140009045",  # A landline has no ninth digit.
        "+5511940009045",  # Without its nine it would be a landline.
        "+550190009045",  # No area begins with 0.
        "+5211234567890",
        "+541151234567890",
        "+549912345678",
        "+5255123456789",
        "+56912345678",
        "",
    ],
)
def test_other_phones_have_one_spelling(phone):
    assert variants_of(phone) == (phone,)


@pytest.mark.parametrize("text", ["+52 1 55 1234 5678", "+5215512345678", "+521 (55) 1234-5678"])
def test_a_mexican_phone_is_read_with_the_1_it_had_before(text):
    assert normalize_phone(text) == "+5215512345678"
    assert list(phones_in(f"mi numero: {text}", "MX")) == ["+525512345678"]


@pytest.mark.parametrize("phone", ["+5215512345678", "+551190009045", "+541112345678"])
def test_a_phone_in_its_other_spelling_is_shown_so_that_it_is_read_again(phone):
    assert normalize_phone(readable_phone(phone)) == phone


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
