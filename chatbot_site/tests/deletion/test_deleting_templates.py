"""Deleting a template at Meta and here: what uses it is told first, whichever app it lives in."""

import pytest
from django.apps import apps
from django.utils import timezone, translation

from accounts.models import Deletion
from accounts.refusals import Refusal
from accounts.testing import make_business, make_owner
from bots.editor.scenarios import publish
from bots.models import BotScenario, BotSession
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from broadcasts.models import Broadcast
from broadcasts.testing import make_broadcast
from crm.testing import make_conversation
from whatsapp.message_templates import delete
from whatsapp.message_templates.usage import uses_of
from whatsapp.models import MessageTemplate
from whatsapp.simulator.graph import faults
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

SAYS_HI = document({"key": "hi", "kind": "message", "text": "Hi"})


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


@pytest.fixture
def template(meta, number):
    template = make_template(number, "We open at nine.", name="opening", language="ru", meta_id="3001")
    meta.approve(template)
    return template


@pytest.fixture
def in_english(meta, template, number):
    sibling = make_template(number, "We open at nine.", name="opening", language="en", meta_id="3002")
    meta.approve(sibling)
    return sibling


def at_meta(meta, number):
    return [one["language"] for one in meta.simulator.templates(number.waba_id) if one["name"] == "opening"]


def sends(template):
    step = {"key": "tpl", "kind": "template", "template": template.name, "language": template.language}
    return document(step)


def told(uses):
    return [(str(use.row), use.state, use.holds) for use in uses]


# What uses it


def test_broadcasts_and_scenarios_tell_what_they_use():
    assert {model for model in apps.get_models() if hasattr(model, "uses_of_templates")} == {Broadcast, BotScenario}


@pytest.mark.parametrize(
    ("status", "holds"),
    [
        ("draft", False),
        ("planning", False),
        ("planned", False),
        ("scheduled", True),
        ("sending", True),
        ("paused", True),
    ],
)
def test_a_broadcast_uses_its_template_and_holds_it_while_people_wait(number, template, status, holds):
    broadcast = make_broadcast(number, name="Autumn", template=template, status=status)

    assert told(uses_of([template])) == [("Autumn", broadcast.get_status_display(), holds)]


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_a_broadcast_that_is_over_needs_no_template(number, template, status):
    make_broadcast(number, template=template, status=status)

    assert uses_of([template]) == []


def test_a_draft_of_a_scenario_uses_the_template(number, template):
    make_scenario(make_bot(number), sends(template), name="Greeting")

    assert told(uses_of([template])) == [("Greeting", "draft", False)]


def test_a_published_scenario_uses_the_template_also_when_its_draft_does_not(number, template):
    scenario = make_published_scenario(make_bot(number), sends(template), name="Greeting")
    scenario.definition = SAYS_HI
    scenario.save()

    assert told(uses_of([template])) == [("Greeting", "published", False)]


def test_an_old_version_uses_the_template_while_a_conversation_is_on_it(number, template):
    bot = make_bot(number)
    scenario = make_published_scenario(bot, sends(template))
    scenario.definition = SAYS_HI
    scenario.save()
    publish(scenario, user=None)
    assert uses_of([template]) == []

    session = BotSession.objects.create(
        business=number.business,
        conversation=make_conversation(number),
        bot=bot,
        version=scenario.versions.get(number=1),
    )
    assert len(uses_of([template])) == 1

    session.ended_at = timezone.now()
    session.save()
    assert uses_of([template]) == []


def test_a_scenario_of_another_language_account_or_business_does_not_use_it(meta, number, template, in_english):
    make_scenario(make_bot(number), sends(in_english))
    make_scenario(make_bot(make_number(number.business)), sends(template))
    make_scenario(make_bot(make_number(make_business(), waba_id=number.waba_id)), sends(template))

    assert uses_of([template]) == []


# Deleting


def test_one_language_is_deleted_at_meta_and_here_and_leaves_a_receipt(meta, number, template, in_english):
    owner = make_owner()

    delete.delete(template, requested_by=owner)

    assert at_meta(meta, number) == ["en"]
    assert list(MessageTemplate.objects.all()) == [in_english]
    assert Deletion.objects.get().what == "whatsapp.messagetemplate"


def test_all_languages_are_deleted_by_name(meta, number, template, in_english):
    delete.delete(template, all_languages=True)

    assert at_meta(meta, number) == []
    assert not MessageTemplate.objects.exists()


def test_a_template_that_is_being_sent_is_never_deleted(meta, number, template):
    make_broadcast(number, name="Autumn", template=template, status="paused")

    with pytest.raises(Refusal, match="Autumn") as refusal:
        delete.delete(template, anyway=True)

    assert refusal.value.code == "template_being_sent"
    assert not meta.requests


def test_a_template_in_use_is_deleted_anyway_when_that_is_said(meta, number, template):
    scenario = make_scenario(make_bot(number), sends(template), name="Greeting")

    with pytest.raises(Refusal, match="Greeting") as refusal:
        delete.delete(template)
    assert (refusal.value.code, at_meta(meta, number)) == ("template_in_use", ["ru"])

    delete.delete(template, anyway=True)
    assert at_meta(meta, number) == []
    assert BotScenario.objects.filter(pk=scenario.pk).exists()


def test_what_uses_another_language_holds_the_deletion_of_all(number, template, in_english):
    make_broadcast(number, template=in_english, status="sending")

    with pytest.raises(Refusal):
        delete.delete(template, all_languages=True)
    delete.delete(template)


def test_what_a_broadcast_shows_stays_marked(number, template):
    broadcast = make_broadcast(number, template=template, status="done")

    delete.delete(template)

    assert broadcast.template.__class__.objects.get().status == "DELETED"
    with pytest.raises(Refusal) as refusal:
        delete.delete(MessageTemplate.objects.get())
    assert refusal.value.code == "still_needed"


def test_a_template_without_an_id_is_found_at_meta_first(meta, number, template):
    MessageTemplate.objects.update(meta_id="")
    template.refresh_from_db()

    delete.delete(template)

    assert at_meta(meta, number) == []
    assert not MessageTemplate.objects.filter(name="opening").exists()


def test_metas_refusal_leaves_everything_as_it_was(meta, template):
    meta.faults.on_call("DELETE", "message_templates", faults.error(100, "Invalid parameter"))

    with pytest.raises(Refusal, match="has not deleted"):
        delete.delete(template)

    assert MessageTemplate.objects.exists()


def test_a_lost_answer_is_looked_up(meta, number, template):
    meta.faults.on_call("DELETE", "message_templates", faults.closed_after_accepting)

    delete.delete(template)

    assert not MessageTemplate.objects.filter(name="opening").exists()


def test_a_lost_answer_of_what_was_not_done_is_said(meta, template):
    meta.faults.on_call("DELETE", "message_templates", faults.closed_before_accepting)

    with pytest.raises(Refusal, match="still there"):
        delete.delete(template)

    assert MessageTemplate.objects.filter(name="opening").exists()


def test_a_template_of_no_number_any_more_is_deleted_here_alone(meta, number, template):
    number.delete()

    delete.delete(template)

    assert not meta.requests
    assert not MessageTemplate.objects.exists()
