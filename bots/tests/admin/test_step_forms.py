"""Every kind of step in the form."""

from copy import deepcopy

import pytest
from django.utils import translation

from bots.document.steps import STEP_KINDS, Ask, Condition, Rule
from bots.document.triggers import Keyword
from bots.editor import labels, outline
from bots.editor.outline import OPS
from bots.editor.row_forms import TriggerForm
from bots.editor.step_forms import StepForm
from bots.models import BotScenario
from bots.testing import document, make_scenario
from bots.tests.admin.pages import SCENARIOS, change, shown_fields

pytestmark = pytest.mark.django_db


ALL_KINDS = document(
    {"key": "hello", "kind": "message", "text": "Hello"},
    {
        "key": "if",
        "kind": "condition",
        "match": "any",
        "rules": [
            {"field": "vars.size", "op": "equals", "value": "S"},
            {"field": "now.office_hours", "op": "is_set"},
        ],
        "then": "call",
    },
    {"key": "pause", "kind": "wait", "seconds": 7200},
    {"key": "tpl", "kind": "template", "template": "ready", "language": "ru", "parameters": {"1": "{{vars.name}}"}},
    {
        "key": "call",
        "kind": "http",
        "method": "POST",
        "url": "https://api.example.com/orders",
        "json": {"name": "{{vars.name}}", "items": [1, None]},
        "save_to": "reply",
        "failed": "human",
    },
    {"key": "ping", "kind": "http", "method": "PUT", "url": "https://api.example.com/", "json": {}, "failed": "human"},
    {"key": "human", "kind": "handoff"},
)


def test_every_kind_of_step_survives_the_form(client, bot):
    scenario = make_scenario(bot, ALL_KINDS)
    answer = client.post(change(scenario), shown_fields(client, change(scenario)))
    assert answer.status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == ALL_KINDS


@translation.override("en")
def test_the_flow_says_in_words_what_steps_do(client, bot):
    shown = outline.nodes(ALL_KINDS)
    assert [node.text for node in shown] == [
        "Hello",
        "vars.size is “S” or now.office_hours is known (or: yes)",
        "2 hours",
        "ready (ru)",
        "POST https://api.example.com/orders",
        "PUT https://api.example.com/",
        "",
    ]
    assert [(str(branch.when), branch.to) for branch in shown[1].branches] == [
        ("if it is so", "call"),
        ("otherwise", "pause"),
    ]
    assert [(str(branch.when), branch.to) for branch in shown[4].branches] == [
        ("if it does not work", "human"),
        ("then", "ping"),
    ]


def test_problems_of_rules_and_calls_stand_beside_their_fields(client, bot):
    definition = deepcopy(ALL_KINDS)
    definition["steps"][1]["rules"][0]["field"] = "customer.password"
    definition["steps"][4]["url"] = "https://127.0.0.1/"
    form = client.get(change(make_scenario(bot, definition))).context["adminform"].form
    assert [*form.steps[1].rules.forms[0].problems] == ["field"]
    assert [*form.steps[3].problems] == ["template", "parameters"]
    assert [*form.steps[4].problems] == ["url", "json"]


def test_json_that_cannot_be_read_is_shown_again(client, bot):
    scenario = make_scenario(bot, ALL_KINDS)
    fields = shown_fields(client, change(scenario)) | {"steps-4-json": "{oops"}
    page = client.post(change(scenario), fields).content.decode()
    assert "This is no JSON" in page and "{oops" in page


def test_a_condition_is_written_in_the_form(client, bot):
    fields = shown_fields(client, f"{SCENARIOS}add/")
    fields |= {
        "bot": bot.pk,
        "name": "Size",
        "triggers-0-kind": "any",
        "steps-0-key": "if",
        "steps-0-kind": "condition",
        "steps-0-match": "all",
        "steps-0-rules-0-field": "customer.tags",
        "steps-0-rules-0-op": "in_tags",
        "steps-0-rules-0-value": "vip",
        "steps-0-otherwise": "bye",
        "steps-1-key": "bye",
        "steps-1-kind": "end",
    }
    assert client.post(f"{SCENARIOS}add/", fields).status_code == 302
    assert BotScenario.objects.get().definition["steps"][0] == {
        "key": "if",
        "kind": "condition",
        "match": "all",
        "otherwise": "bye",
        "rules": [{"field": "customer.tags", "op": "in_tags", "value": "vip"}],
    }


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        (labels.STEP_KINDS.items(), STEP_KINDS),
        (StepForm.ANSWERS, Ask.literals("answer")),
        (StepForm.MATCHES, Condition.literals("match")),
        (OPS.items(), Rule.literals("op")),
        (TriggerForm.KINDS, [*Keyword.literals("match"), "first_message", "any"]),
    ],
    ids=["kinds", "answers", "matches", "ops", "triggers"],
)
def test_the_form_offers_what_the_document_knows(offered, known):
    assert sorted(word for word, _label in offered) == sorted(known)
