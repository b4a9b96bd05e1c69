import pytest

from crm.customers.interpolation import fill, has_leftovers, is_of_customer, names_in, value_of
from crm.models import Customer

VALUES = {"customer.name": "Аня", "vars.size": "S", "vars.trick": "{{customer.name}}", "vars.long": "x" * 5000}
VALUES |= {"customer.attributes.Скидка, %": "10", "customer.attributes.№ заказа (1С)": "A-5"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Привет, {{customer.name}}!", "Привет, Аня!"),
        ("Привет, {{ customer.name }}!", "Привет, Аня!"),
        ('{{customer.name|default:"друг"}}', "Аня"),
        ('{{vars.missing|default:"друг"}}', "друг"),
        ('{{ vars.missing | default: "" }}!', "!"),
        ("[{{vars.missing}}]", "[]"),
        ("{{vars.trick}}", "{{customer.name}}"),
        ("{{ }}", "{{ }}"),
        ("{{vars.size", "{{vars.size"),
        ("{% if x %} ${vars.size} {vars.size}", "{% if x %} ${vars.size} {vars.size}"),
        ("{{vars.size}}{{vars.size}}", "SS"),
        ("{{customer.attributes.Скидка, %}}", "10"),
        ('{{ customer.attributes.№ заказа (1С) | default:"-" }}', "A-5"),
        ("{{customer.attributes.нет такой!}}", ""),
    ],
)
def test_placeholders_are_filled_once(template, expected):
    assert fill(template, VALUES.get, 1000) == expected


def test_a_long_value_and_a_long_text_are_cut():
    assert len(fill("{{vars.long}}", VALUES.get, 4096)) == 1000
    assert fill("{{customer.name}} и {{customer.name}}", VALUES.get, 5) == "Аня и"


def test_names_are_found():
    assert names_in('{{vars.size}} {{ customer.attributes.любимый цвет|default:"-" }}') == [
        "vars.size",
        "customer.attributes.любимый цвет",
    ]


@pytest.mark.parametrize(
    ("text", "leftovers"),
    [("{{a|upper}}", True), ("{{customer.attributes.a|upper}}", True), ("{{a}}", False), ("{{", True)],
)
def test_what_only_looks_like_a_placeholder_is_noticed(text, leftovers):
    assert has_leftovers(text) is leftovers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customer.name", "Аня"),
        ("customer.phone", "+79161234567"),
        ("customer.attributes.город", "Казань"),
        ("customer.attributes.дом", None),
    ],
)
def test_a_customer_has_values(name, value):
    customer = Customer(name="Аня", phone="+79161234567", attributes={"город": "Казань"})
    assert is_of_customer(name)
    assert value_of(customer, name) == value


@pytest.mark.parametrize("name", ["customer.attributes.", "customer.business", "customer", "vars.name"])
def test_other_names_are_not_of_a_customer(name):
    assert not is_of_customer(name)
