from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from crm.deals.amounts import parse_amount


@pytest.mark.parametrize(
    "text, amount",
    [
        ("1500", "1500"),
        ("1500,50", "1500.50"),
        ("1500.5", "1500.5"),
        ("1 500,50", "1500.50"),
        ("1\u00a0500 ₽", "1500"),
        ("1 500 руб.", "1500"),
        ("1500р", "1500"),
        ("$1,500.50", "1500.50"),
        ("1.500.000,50", "1500000.50"),
        ("1,500,000", "1500000"),
        ("1'500", "1500"),
        ("0", "0"),
    ],
)
def test_an_amount_is_read_as_people_write_it(text, amount):
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "  ", "₽"])
def test_nothing_is_no_amount(text):
    assert parse_amount(text) is None


@pytest.mark.parametrize("text", ["1.500", "1,500", "-5", "many", "1e5", "NaN", "12,345,6", "1500,505"])
def test_what_is_no_amount_or_could_be_two_is_refused(text):
    with pytest.raises(ValidationError) as refused:
        parse_amount(text)

    assert refused.value.code == "invalid"
