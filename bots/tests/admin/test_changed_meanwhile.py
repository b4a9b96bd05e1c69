"""A scenario that somebody else saved, imported or restored while its form was open."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from accounts.tenancy.hours_field import HOURS
from accounts.tests.html_forms import filled_form
from bots.editor.differences import differences
from bots.editor.scenarios import publish
from bots.models import BotScenario, ScenarioVersion
from bots.testing import document, make_scenario, order
from bots.tests.admin.pages import BOTS, SCENARIOS, change, fields_of, shown_fields

pytestmark = pytest.mark.django_db

ONE = {"key": "one", "kind": "message", "text": "One"}
TWO = {"key": "two", "kind": "message", "text": "Two"}


def shown_again(refused):
    """What the page would send that was shown again."""
    return fields_of(refused.context["adminform"].form)


def saves(scenario, *steps, **fields):
    """Somebody else makes these the steps."""
    other = BotScenario.objects.get(pk=scenario.pk)
    other.definition = document(*steps, **fields)
    other.save()


@pytest.fixture
def scenario(bot):
    return make_scenario(bot, document(ONE))


def test_steps_of_somebody_else_are_not_lost(client, scenario):
    mine = shown_fields(client, change(scenario)) | {"steps-0-text": "Mine"}
    saves(scenario, ONE, TWO)

    refused = client.post(change(scenario), mine)

    assert refused.status_code == 200
    scenario.refresh_from_db()
    assert scenario.definition == document(ONE, TWO)
    text = refused.content.decode()
    assert "Mine" in text
    assert "Step “two” is saved; yours lacks it:" in text
    assert "Step “one” is saved otherwise:" in text
    assert "Text: Two" in text


def test_the_steps_that_were_typed_are_kept_when_they_are_saved_again(client, scenario):
    mine = shown_fields(client, change(scenario)) | {"steps-0-text": "Mine"}
    saves(scenario, ONE, TWO)
    refused = client.post(change(scenario), mine)
    assert client.post(change(scenario), shown_again(refused)).status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == document({**ONE, "text": "Mine"})


def test_steps_that_somebody_added_are_told_to_who_typed_nothing(client, scenario):
    mine = shown_fields(client, change(scenario))
    saves(scenario, ONE, TWO)
    assert client.post(change(scenario), mine).status_code == 200
    scenario.refresh_from_db()
    assert scenario.definition == document(ONE, TWO)


def test_a_choice_that_somebody_added_is_told(client, bot):
    menu = {"key": "size", "kind": "menu", "text": "Size?", "choices": [{"key": "s", "label": "S"}]}
    scenario = make_scenario(bot, document(menu))
    mine = shown_fields(client, change(scenario))
    longer = {**menu, "choices": [*menu["choices"], {"key": "m", "label": "M"}]}
    saves(scenario, longer)
    refused = client.post(change(scenario), mine)
    assert "Choices: “S”; “M”" in refused.content.decode()
    assert client.post(change(scenario), shown_again(refused)).status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == document(menu)


def test_a_trigger_that_somebody_added_is_told_and_a_blank_row_of_the_page_is_not_it(client, scenario):
    mine = shown_fields(client, change(scenario)) | {"steps-0-text": "Mine"}
    word = {"kind": "keyword", "match": "equals", "value": "size"}
    saves(scenario, ONE, triggers=[{"kind": "any"}, word])
    refused = client.post(change(scenario), mine)
    assert "the message is exactly “size”" in refused.content.decode()
    assert not refused.context["adminform"].form.triggers.forms[1].errors
    assert client.post(change(scenario), shown_again(refused)).status_code == 302


def test_fewer_steps_than_before_leave_what_was_typed(client, bot):
    scenario = make_scenario(bot, document(ONE, TWO))
    mine = shown_fields(client, change(scenario)) | {"steps-1-text": "Mine"}
    saves(scenario, ONE)
    refused = client.post(change(scenario), mine)
    assert "Step “two” is in yours only." in refused.content.decode()
    assert client.post(change(scenario), shown_again(refused)).status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == document(ONE, {**TWO, "text": "Mine"})


def test_a_long_scenario_of_every_kind_is_saved_again_unchanged(client, bot):
    scenario = make_scenario(bot, order())
    mine = shown_fields(client, change(scenario)) | {"name": "Mine"}
    saves(scenario, ONE)
    refused = client.post(change(scenario), mine)
    assert client.post(change(scenario), shown_again(refused)).status_code == 302
    scenario.refresh_from_db()
    assert (scenario.name, scenario.definition) == ("Mine", order())


def test_mistakes_and_another_version_are_told_together(client, scenario):
    mine = shown_fields(client, change(scenario)) | {"steps-0-key": ""}
    saves(scenario, ONE, TWO)
    text = client.post(change(scenario), mine).content.decode()
    assert "It is shown at the end of this page" in text
    assert 'id="step-two"' in text


def test_line_ends_of_a_browser_are_no_difference(client, bot):
    lines = {**ONE, "text": "One\nTwo"}
    scenario = make_scenario(bot, document(lines))
    mine = shown_fields(client, change(scenario)) | {"steps-0-text": "One\r\nTwo"}
    saves(scenario, lines)
    assert client.post(change(scenario), mine).status_code == 302


def test_an_old_page_publishes_nothing(client, scenario):
    mine = shown_fields(client, change(scenario)) | {"_publish": "1"}
    saves(scenario, TWO)
    assert client.post(change(scenario), mine).status_code == 200
    assert not scenario.versions.exists()


def test_saving_and_publishing_at_once_works(client, scenario):
    mine = shown_fields(client, change(scenario)) | {"steps-0-text": "Mine", "_publish": "1"}
    assert client.post(change(scenario), mine).status_code == 302
    assert ScenarioVersion.objects.get().definition == document({**ONE, "text": "Mine"})


def test_an_import_from_an_old_page_replaces_nothing(client, scenario):
    page = f"{SCENARIOS}{scenario.pk}/import/"
    fields = filled_form(client.get(page))
    saves(scenario, TWO)
    file = SimpleUploadedFile("s.json", json.dumps(document(ONE, TWO)).encode())
    answer = client.post(page, fields | {"file": file}, follow=True)
    assert "Somebody changed this after you opened it" in answer.content.decode()
    scenario.refresh_from_db()
    assert scenario.definition == document(TWO)


def test_a_version_is_not_restored_over_what_was_changed_meanwhile(client, scenario):
    version = publish(scenario, None)
    page = f"/admin/bots/scenarioversion/{version.pk}/"
    fields = filled_form(client.get(f"{page}change/"))
    saves(scenario, TWO)
    answer = client.post(f"{page}restore/", fields, follow=True)
    assert "Somebody changed this after you opened it" in answer.content.decode()
    scenario.refresh_from_db()
    assert scenario.definition == document(TWO)


def test_a_version_is_restored_from_a_page_of_now(client, scenario):
    version = publish(scenario, None)
    saves(scenario, TWO)
    page = f"/admin/bots/scenarioversion/{version.pk}/"
    client.post(f"{page}restore/", filled_form(client.get(f"{page}change/")))
    scenario.refresh_from_db()
    assert scenario.definition == document(ONE)


def test_a_bot_s_words_and_hours_are_not_lost(client, bot):
    page = f"{BOTS}{bot.pk}/change/"
    fields = {field.html_name: field.value() for field in client.get(page).context["adminform"].form}
    fields |= dict.fromkeys(HOURS, "") | {"is_active": "on", "initial-operator_text": bot.operator_text}
    mine = fields | {"menu_words": "start"}
    theirs = fields | {"operator_words": "help", "hours_mon": "9:00-18:00"}
    assert client.post(page, theirs).status_code == 302
    refused = client.post(page, mine)
    errors = refused.context["adminform"].form.errors
    assert errors["operator_words"] == ["Saved now: “help”."]
    assert errors["hours_mon"] == ["Saved now: “09:00-18:00”."]
    assert errors["menu_words"] == ["Saved now: “меню, menu”."]


def test_a_text_that_the_form_compares_with_what_it_showed_is_not_lost(client, bot):
    page = f"{BOTS}{bot.pk}/change/"
    fields = {field.html_name: field.value() for field in client.get(page).context["adminform"].form}
    fields |= dict.fromkeys(HOURS, "") | {"is_active": "on", "initial-operator_text": bot.operator_text}
    bot.operator_text = "Somebody comes."
    bot.save()
    refused = client.post(page, fields)
    assert refused.context["adminform"].form.errors["operator_text"] == ["Saved now: “Somebody comes.”."]
    bot.refresh_from_db()
    assert bot.operator_text == "Somebody comes."


def test_rules_order_and_kinds_are_told_in_words():
    rule = {"field": "vars.age", "op": "greater", "value": 17}
    condition = {"key": "adult", "kind": "condition", "rules": [rule], "then": "one"}
    typed = document(TWO, ONE, {**condition, "rules": []})
    with translation.override("en"):
        found = differences(document(ONE, TWO, condition), typed)
    assert [(item.title, item.lines) for item in found] == [
        ("The steps are saved in another order:", ("one, two, adult",)),
        ("Step “adult” is saved otherwise:", ("Rules: vars.age is greater than 17",)),
    ]


def test_what_is_the_same_differs_in_nothing():
    assert differences(order(), order()) == []
