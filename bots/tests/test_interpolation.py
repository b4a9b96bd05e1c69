import pytest

from bots.interpolation import fill, has_leftovers, is_known, names_in

VALUES = {"customer.name": "Аня", "vars.size": "S", "vars.trick": "{{customer.name}}", "vars.long": "x" * 5000}


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
    ("name", "known"),
    [
        ("customer.name", True),
        ("customer.attributes.город", True),
        ("vars.x", True),
        ("vars.", False),
        ("customer.password", False),
        ("settings.SECRET_KEY", False),
        ("vars", False),
    ],
)
def test_only_some_names_are_known(name, known):
    assert is_known(name) is known


@pytest.mark.parametrize(("text", "leftovers"), [("{{a|upper}}", True), ("{{a}}", False), ("{{", True)])
def test_what_only_looks_like_a_placeholder_is_noticed(text, leftovers):
    assert has_leftovers(text) is leftovers
