"""What the placeholders of a template say to each person."""

import pytest
from django.core.exceptions import ValidationError

from broadcasts import parameters
from crm.models import Customer
from whatsapp.models import MessageTemplate

TEMPLATE = MessageTemplate(
    name="order",
    components=[
        {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
        {"type": "BODY", "text": "{{1}}, your order {{2}} is ready."},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "See", "url": "https://shop.test/{{1}}"}]},
    ],
)
FITTING = {"header.1": "881", "1": '{{customer.name|default:"Friend"}}', "2": "881", "button.0.1": "881"}


def test_all_placeholders_with_texts_fit():
    parameters.check_fit(TEMPLATE, FITTING)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"2": ""}, "“2”"),
        ({"2": " \n"}, "“2”"),
        ({"2": None}, "“2”"),
        ({"3": "x"}, "“3”"),
        ({"name": "x"}, "“name”"),
        ({"1": "{{vars.size}}"}, "vars.size"),
        ({"1": "{{customer.password}}"}, "customer.password"),
        ({"1": "{{customer.name|upper}}"}, "“1”"),
    ],
)
def test_what_does_not_fit_is_named(change, named):
    given = {key: value for key, value in {**FITTING, **change}.items() if value is not None}
    with pytest.raises(ValidationError) as refused:
        parameters.check_fit(TEMPLATE, given)
    assert named in " ".join(refused.value.message_dict["parameters"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{customer.name|default:"Friend"}}', "Anna"),
        ("{{customer.attributes.city}}", "Kazan"),
        ('{{customer.attributes.street|default:"your street"}}', "your street"),
        ("{{customer.attributes.street}}", ""),
        ("{{customer.phone}}", "+79161234567"),
        ("Dear\n{{customer.name}},\t hello", "Dear Anna, hello"),
    ],
)
def test_each_customer_reads_their_own_values(text, expected):
    anna = Customer(name="Anna", phone="+79161234567", attributes={"city": "Kazan", "trick": "{{customer.phone}}"})
    assert parameters.filled_in({"1": text}, anna) == {"1": expected}


def test_a_value_is_not_filled_in_again():
    trick = Customer(name="{{customer.phone}}", phone="+79161234567")
    assert parameters.filled_in({"1": "{{customer.name}}"}, trick) == {"1": "{{customer.phone}}"}


def test_a_file_that_is_missing_is_asked_for_in_words():
    bill = MessageTemplate(name="bill", components=[{"type": "HEADER", "format": "DOCUMENT"}])

    with pytest.raises(ValidationError, match="Choose the file that stands at the top of the message"):
        parameters.check_fit(bill, {})
