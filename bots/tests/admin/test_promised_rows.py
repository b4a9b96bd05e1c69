"""A POST that promises more rows than a scenario has is refused before a form is built."""

import pytest
from django.forms import BaseFormSet

from bots.document.limits import MAX_STEPS
from bots.editor.row_forms import SPARE_ROWS
from bots.models import BotScenario
from bots.tests.admin.pages import SCENARIOS, change, shown_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def built(monkeypatch):
    """The forms that are built in formsets from now on."""
    built = []
    construct = BaseFormSet._construct_form

    def constructed(formset, i, **kwargs):
        built.append(formset.prefix)
        return construct(formset, i, **kwargs)

    monkeypatch.setattr(BaseFormSet, "_construct_form", constructed)
    return built


def announced(**totals):
    return {f"{prefix.replace('_', '-')}-TOTAL_FORMS": total for prefix, total in totals.items()}


TOO_MANY = [
    announced(steps=99999999),
    announced(triggers=99999999),
    announced(steps=MAX_STEPS + SPARE_ROWS + 1),
    announced(steps="99999999.0"),
    announced(steps_0_choices="9999.00"),
    announced(steps=-1),
    announced(steps_0_choices=9999),
    announced(steps_0_rules=9999),
    announced(steps_299_rules=9999),
    announced(**{f"steps_{index}_choices": 20 for index in range(40)}),
    announced(steps=MAX_STEPS),
]


@pytest.mark.parametrize("totals", TOO_MANY)
def test_too_many_promised_rows_are_refused_before_a_form_is_built(client, scenario, built, totals):
    sent = shown_fields(client, change(scenario))
    before = BotScenario.objects.values().get()
    built.clear()
    page = client.post(change(scenario), {**sent, "name": "Changed", **totals})
    assert page.status_code == 400
    assert "othing was saved" in page.content.decode()
    assert built == []
    assert BotScenario.objects.values().get() == before


@pytest.mark.parametrize("totals", [announced(steps=99999999), announced(triggers=99999999)])
def test_too_many_promised_rows_of_a_new_scenario_are_refused(client, bot, built, totals):
    assert client.post(f"{SCENARIOS}add/", totals).status_code == 400
    assert built == [] and not BotScenario.objects.exists()


def test_the_refusal_is_in_the_language_of_the_reader(client, owner, scenario):
    owner.language = "ru"
    owner.save()
    page = client.post(change(scenario), announced(steps=99999999)).content.decode()
    assert "Ничего не сохранено" in page


@pytest.mark.parametrize("total", ["", "x", "1e9", "9" * 5000, "1.5"])
@pytest.mark.parametrize("prefix", ["steps", "triggers", "steps-0-choices"])
def test_a_number_of_rows_that_is_none_saves_nothing(client, scenario, prefix, total):
    scenario.definition["steps"] = [{"key": "a", "kind": "menu", "text": "?", "choices": [{"key": "s", "label": "S"}]}]
    scenario.save()
    sent = {**shown_fields(client, change(scenario)), "name": "Changed", f"{prefix}-TOTAL_FORMS": total}
    page = client.post(change(scenario), sent)
    assert page.status_code == 200
    assert "The page arrived incomplete" in page.content.decode()
    assert BotScenario.objects.get().name == scenario.name


@pytest.mark.parametrize("prefix", ["steps", "triggers"])
def test_a_form_without_a_number_of_rows_saves_nothing(client, scenario, prefix):
    sent = shown_fields(client, change(scenario))
    del sent[f"{prefix}-TOTAL_FORMS"]
    page = client.post(change(scenario), {**sent, "name": "Changed"})
    assert "The page arrived incomplete" in page.content.decode()
    assert BotScenario.objects.get().name == scenario.name
