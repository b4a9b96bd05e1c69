"""Stored documents as models: published versions, and drafts that may be unfinished."""

import pytest

from accounts.testing import make_business
from bots.document.reading import cached_version, read_draft, read_version
from bots.document.scenario import Scenario
from bots.document.steps import STEP_KINDS, Condition, HttpRequest, Menu
from bots.testing import document, make_bot, make_published_scenario, order
from whatsapp.testing import make_number


def test_a_published_document_is_read_into_typed_steps():
    size = read_version(order()).step("size")
    assert isinstance(size, Menu) and [choice.label for choice in size.choices] == ["S", "M", "Другой"]
    assert size.timeout.seconds == 3600 and size.next is None


def test_a_limit_that_came_after_a_version_does_not_stop_it():
    definition = document({"key": "long", "kind": "message", "text": "x" * 5000, "colour": "red"})
    assert read_version(definition).step("long").text == "x" * 5000


def test_a_version_is_read_once():
    assert cached_version(1, order) is cached_version(1, order)


def test_a_version_is_not_taken_for_another():
    cached_version(1, order)
    assert cached_version(2, lambda: document({"key": "a", "kind": "end"})).step("a").kind == "end"


@pytest.mark.django_db
def test_a_stored_version_is_read_once_by_all_who_load_it():
    scenario = make_published_scenario(make_bot(make_number(make_business())))
    assert scenario.versions.get().document is scenario.versions.get().document


@pytest.mark.parametrize("kind", STEP_KINDS)
def test_what_an_unfinished_step_misses_is_blank(kind):
    (step,) = read_draft({"steps": [{"kind": kind}]}).steps
    assert (type(step), step.key, step.kind) == (STEP_KINDS[kind], "", kind)
    assert step.exits() == []


def test_an_unfinished_document_has_what_is_there():
    rule = {"field": "vars.size"}
    scenario = read_draft({"triggers": [{"kind": "keyword"}], "steps": [{"kind": "condition", "rules": [rule]}]})
    condition = scenario.steps[0]
    assert isinstance(condition, Condition) and condition.match == "all"
    assert (condition.rules[0].field, condition.rules[0].op, condition.rules[0].value) == ("vars.size", "", None)
    assert (scenario.triggers[0].match, scenario.triggers[0].value) == ("", "")


@pytest.mark.parametrize("read", [read_draft, Scenario.model_validate])
def test_null_that_is_sent_is_not_nothing_that_is_sent(read):
    call = {"key": "a", "kind": "http", "method": "POST", "url": "https://a.example.com/"}
    with_null, without = read(document({**call, "json": None}, call | {"key": "b"})).steps
    assert isinstance(with_null, HttpRequest)
    assert (with_null.has_body, with_null.body) == (True, None)
    assert (without.has_body, without.body) == (False, None)


def test_a_draft_and_a_version_read_the_same_document_alike():
    assert read_draft(order()) == Scenario.model_validate(order())
