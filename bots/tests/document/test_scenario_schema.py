"""The JSON Schema of scenario documents: current, English, and of one mind with the check."""

import json
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from jsonschema import Draft202012Validator

from bots.document.schema import scenario_schema
from bots.document.validator import validate
from bots.testing import document, order
from bots.tests.engine.test_properties import documents

FILE = Path(django_settings.BASE_DIR) / "docs" / "scenario.schema.json"
SCHEMA = Draft202012Validator(scenario_schema())

HELLO = {"key": "hello", "kind": "message", "text": "Привет"}
MENU = {"key": "size", "kind": "menu", "text": "Размер?", "choices": [{"key": "s", "label": "S"}]}


def parts():
    schema = scenario_schema()
    return {"Scenario": schema, **schema["$defs"]}


def test_the_file_in_the_docs_is_current(tmp_path):
    call_command("scenario_schema", file=tmp_path / "schema.json")
    assert FILE.read_text(encoding="utf-8") == (tmp_path / "schema.json").read_text(encoding="utf-8")


def test_the_command_writes_to_the_terminal(capsys):
    call_command("scenario_schema")
    assert json.loads(capsys.readouterr().out) == scenario_schema()


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(scenario_schema())


def test_the_schema_is_english_whatever_language_is_spoken():
    with translation.override("ru"):
        text = json.dumps(scenario_schema(), ensure_ascii=False)
    assert not any("а" <= letter <= "я" for letter in text.lower())


def test_every_part_and_every_key_is_described():
    blank = [
        f"{name}.{key}"
        for name, part in parts().items()
        for key, value in part["properties"].items()
        if not value.get("description") and key != "kind"
    ]
    assert blank == [] and all(part["description"] for part in parts().values())


@given(documents)
def test_the_schema_takes_what_the_check_takes(definition):
    if not validate(definition).errors:
        SCHEMA.validate(definition)


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {**order(), "format": 2},
        {**order(), "colour": "red"},
        {**order(), "expires": 5},
        document({**HELLO, "next": None}),
        document({**HELLO, "txet": "?"}),
        document({**HELLO, "kind": "dance"}),
        document({**HELLO, "text": " "}),
        document({**HELLO, "text": "x" * 4097}),
        document({**HELLO, "key": "two words"}),
        document({**MENU, "text": "x" * 1025}),
        document({**MENU, "choices": [{"key": f"c{n}", "label": "x"} for n in range(11)]}),
        document(HELLO, triggers=[{"kind": "keyword", "match": "like", "value": "a"}]),
        document({"key": "a", "kind": "set", "customer": {"attributes": {"x" * 51: "a"}}}),
    ],
)
def test_the_schema_refuses_what_the_check_refuses(definition):
    assert validate(definition).errors and not SCHEMA.is_valid(definition)


def test_generated_clients_know_the_document():
    schemas = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]
    for name in ("BotScenario", "BotScenarioRequest", "ScenarioVersion"):
        assert schemas[name]["properties"]["definition"] == {"$ref": "#/components/schemas/ScenarioDocument"}
    kinds = schemas["ScenarioDocument"]["properties"]["steps"]["items"]["discriminator"]["mapping"]
    assert kinds["menu"] == "#/components/schemas/ScenarioMenu"
    assert all(reference.rpartition("/")[2] in schemas for reference in kinds.values())
