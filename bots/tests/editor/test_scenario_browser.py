"""The scenario's form in a real browser: what the script adds, and what works without it."""

import pytest
from django.urls import reverse

from accounts.testing import make_owner
from bots.models import BotScenario
from bots.testing import make_bot, make_scenario, order
from whatsapp.testing import make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def bot(owner):
    return make_bot(make_number(owner.business), name="Seller")


@pytest.fixture
def open_page(open_page, owner):
    """Opens a page of the admin, by its name and arguments."""
    return lambda name, *args, **options: open_page(owner, reverse(f"admin:{name}", args=args), **options)


def test_only_the_fields_of_the_kind_are_shown(open_page, bot):
    page = open_page("bots_botscenario_change", make_scenario(bot).pk)
    assert page.locator("[name=steps-0-text]").is_visible()
    assert not page.locator("[name=steps-0-answer]").is_visible()
    page.select_option("[name=steps-0-kind]", "ask")
    assert page.locator("[name=steps-0-answer]").is_visible()
    page.select_option("[name=triggers-0-kind]", "any")
    assert not page.locator("[name=triggers-0-value]").is_visible()


def test_steps_are_added_and_moved(open_page, bot):
    page = open_page("bots_botscenario_add")
    page.select_option("[name=bot]", label="Seller")
    page.fill("[name=name]", "Greeting")
    page.select_option("[name=triggers-0-kind]", "any")
    for position, key in enumerate("ab"):
        page.fill(f"[name=steps-{position}-key]", key)
        page.fill(f"[name=steps-{position}-text]", f"Text {key}")
    page.click("text=Add a step")
    page.select_option("[name=steps-2-kind]", "menu")
    page.fill("[name=steps-2-key]", "c")
    page.fill("[name=steps-2-text]", "Well?")
    page.fill("[name=steps-2-choices-0-label]", "Yes")
    page.locator("#steps > .step").nth(2).get_by_label("Move up").click()
    page.click("text=Save and publish")
    page.locator(".messagelist", has_text="Version 1 is live").wait_for()
    steps = BotScenario.objects.get().definition["steps"]
    assert [step["key"] for step in steps] == ["a", "c", "b"]
    assert steps[1]["choices"] == [{"key": "c1", "label": "Yes"}]


def test_steps_stay_in_the_order_in_which_they_were_written(open_page, bot):
    page = open_page("bots_botscenario_add")
    page.select_option("[name=bot]", label="Seller")
    page.fill("[name=name]", "Greeting")
    page.click("text=Add a step")
    for position, key in enumerate("abc"):
        page.fill(f"[name=steps-{position}-key]", key)
        page.fill(f"[name=steps-{position}-text]", f"Text {key}")
    page.locator("[name=_continue]").first.click()
    page.locator(".messagelist").wait_for()
    assert [step["key"] for step in BotScenario.objects.get().definition["steps"]] == ["a", "b", "c"]


def test_the_form_works_without_scripts(open_page, bot):
    scenario = make_scenario(bot)
    page = open_page("bots_botscenario_change", scenario.pk, java_script_enabled=False)
    page.fill("[name=steps-0-text]", "Hello!")
    page.locator("[name=_continue]").first.click()
    scenario.refresh_from_db()
    changed = order()
    changed["steps"][0]["text"] = "Hello!"
    assert scenario.definition == changed


def test_a_bot_is_tried_by_taps_and_by_typing(open_page, bot):
    page = open_page("bots_botscenario_try", make_scenario(bot).pk)
    page.fill("input[name=text]", "заказ")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="M", exact=True).click()
    page.get_by_text("Как вас зовут?").wait_for()
    page.fill("input[name=text]", "Аня")
    page.keyboard.press("Enter")
    page.get_by_text("Спасибо, Аня! Размер M.").wait_for()
