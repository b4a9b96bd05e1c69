"""The form in which scenarios are written, and files of them."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.testing import make_colleague
from bots.editor.scenarios import publish
from bots.models import BotScenario, ScenarioVersion
from bots.testing import document, make_scenario, order
from bots.tests.admin.pages import SCENARIOS, change, shown_fields

pytestmark = pytest.mark.django_db


def test_saving_a_scenario_unchanged_changes_nothing(client, scenario):
    answer = client.post(change(scenario), shown_fields(client, change(scenario)))
    assert answer.status_code == 302, answer.context["errors"]
    scenario.refresh_from_db()
    assert scenario.definition == order()


def test_a_scenario_is_written_in_the_form(client, bot):
    fields = shown_fields(client, f"{SCENARIOS}add/")
    fields |= {
        "bot": bot.pk,
        "name": "Size",
        "expires": "600",
        "triggers-0-kind": "equals",
        "triggers-0-value": "size",
        "steps-0-key": "size",
        "steps-0-kind": "menu",
        "steps-0-text": "Which size?",
        "steps-0-save_to": "size",
        "steps-0-choices-0-label": "S",
        "steps-0-choices-1-label": "M",
        "steps-0-choices-1-next": "bye",
        "steps-0-deal_title": "belongs to another kind",
        "steps-1-key": "bye",
        "steps-1-kind": "end",
        "steps-1-text": "Bye, {{vars.size}}",
    }
    assert client.post(f"{SCENARIOS}add/", fields).status_code == 302
    assert BotScenario.objects.get().definition == {
        "format": 1,
        "expires": 600,
        "triggers": [{"kind": "keyword", "match": "equals", "value": "size"}],
        "steps": [
            {
                "key": "size",
                "kind": "menu",
                "text": "Which size?",
                "save_to": "size",
                "choices": [{"key": "c1", "label": "S"}, {"key": "c2", "label": "M", "next": "bye"}],
            },
            {"key": "bye", "kind": "end", "text": "Bye, {{vars.size}}"},
        ],
    }


def test_steps_are_moved_and_deleted(client, scenario):
    fields = shown_fields(client, change(scenario))
    fields |= {"steps-6-ORDER": "0", "steps-3-DELETE": "on", "triggers-1-DELETE": "on"}
    client.post(change(scenario), fields)
    scenario.refresh_from_db()
    assert [step["key"] for step in scenario.definition["steps"]] == [
        "bye",
        "hello",
        "size",
        "name",
        "thanks",
        "human",
    ]
    assert len(scenario.definition["triggers"]) == 1


def test_a_blank_row_that_was_only_numbered_is_no_step(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-7-ORDER": "8", "steps-8-ORDER": "9"}
    assert client.post(change(scenario), fields).status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == order()


def test_a_row_without_a_key_is_shown_again_and_nothing_is_saved(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-0-key": "", "name": "Other"}
    answer = client.post(change(scenario), fields)
    assert "Give the step a key" in answer.content.decode()
    scenario.refresh_from_db()
    assert scenario.definition == order() and scenario.name != "Other"


def test_a_line_that_cannot_be_read_is_shown_again(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-3-attributes": "no equals sign"}
    assert "Write each line like" in client.post(change(scenario), fields).content.decode()


def test_a_problem_stands_beside_its_field(client, bot):
    definition = order()
    definition["steps"][1]["choices"][2]["next"] = "nowhere"
    definition["steps"][4]["next"] = "neverland"
    definition["steps"][3]["deal"]["stage"] = "nirvana"
    form = client.get(change(make_scenario(bot, definition))).context["adminform"].form
    assert [*form.steps[1].choices.forms[2].problems] == ["next"]
    assert [*form.steps[3].problems] == ["deal_stage"]
    assert [*form.steps[4].problems] == ["next"]


def test_saving_a_draft_with_a_mistake_says_that_it_cannot_be_published(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-4-next": "nowhere"}
    page = client.post(change(scenario), {**fields, "_continue": "1"}, follow=True).content.decode()
    assert "1 mistake keeps this scenario from being published" in page
    assert "There is no step “nowhere”" in page


def test_publishing_from_the_form(client, scenario, owner):
    fields = shown_fields(client, change(scenario)) | {"steps-0-text": "Hello!", "_publish": "1"}
    page = client.post(change(scenario), fields, follow=True).content.decode()
    assert "Version 1 is live" in page
    version = ScenarioVersion.objects.get()
    assert (version.definition["steps"][0]["text"], version.published_by) == ("Hello!", owner)


def test_publishing_a_scenario_with_a_missing_step_says_so_and_changes_nothing(client, scenario):
    publish(scenario, None)
    fields = shown_fields(client, change(scenario)) | {"steps-4-next": "nowhere", "_publish": "1"}
    page = client.post(change(scenario), fields, follow=True).content.decode()
    key = order()["steps"][4]["key"]
    assert f"Saved, but not published: Step “{key}”: There is no step “nowhere”." in page
    assert ScenarioVersion.objects.get().definition == order()


def test_an_unfinished_draft_is_shown(client, bot):
    unfinished = document({"kind": "menu"}, {"kind": "goto"}, triggers=[{"kind": "keyword"}])
    assert client.get(change(make_scenario(bot, unfinished))).status_code == 200


def test_a_colleague_who_may_only_look_sees_the_flow_and_no_form(client, owner, scenario):
    client.force_login(make_colleague(owner))
    page = client.get(change(scenario)).content.decode()
    assert "Какой размер?" in page and "steps-0-text" not in page
    assert client.post(change(scenario), {}).status_code == 403


def test_what_is_exported_can_be_imported(client, scenario, bot):
    exported = client.get(f"{SCENARIOS}{scenario.pk}/export/")
    assert exported.headers["Content-Disposition"].startswith("attachment")
    other = make_scenario(bot, document())
    file = SimpleUploadedFile("scenario.json", exported.content)
    assert client.post(f"{SCENARIOS}{other.pk}/import/", {"file": file}).status_code == 302
    other.refresh_from_db()
    assert other.definition == order()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not json", "holds no JSON"),
        (b"\xff\xfe", "holds no JSON"),
        (b"[" * 100_000, "holds no JSON"),
        (b"[]", "must be an object"),
        (json.dumps({**order(), "colour": 1}).encode(), "colour: “colour” is not known here"),
        (b'{"format": NaN, "triggers": [], "steps": []}', "must be one of"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(client, scenario, content, sentence):
    answer = client.post(f"{SCENARIOS}{scenario.pk}/import/", {"file": SimpleUploadedFile("a.json", content)})
    assert sentence in answer.content.decode()
    scenario.refresh_from_db()
    assert scenario.definition == order()
