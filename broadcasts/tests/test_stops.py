"""What Meta stops pauses the broadcasts that need it, at once and with the reason; a person lets them go on."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_business
from broadcasts import lifecycle
from broadcasts.labels import paused_text
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.testing import make_customer
from whatsapp.graph.errors import CloudApiError
from whatsapp.message_templates import sync
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number, make_template
from whatsapp.webhooks import process
from whatsapp.webhooks.changes import Change

pytestmark = pytest.mark.django_db

UNDER_WAY = ["sending", "scheduled"]
BIZ_INITIATED = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 4102444800}


@pytest.fixture
def template(number):
    return make_template(number, "20 % off today.", name="sale", language="en_US")


def start(number, template, status="sending", **fields):
    later = timezone.now() + timedelta(days=1) if status == "scheduled" else None
    return make_broadcast(number, template=template, status=status, scheduled_at=later, **fields)


def tell(number, field, **value):
    process.HANDLERS[field](number, Change(field=field, value=value))


def tell_status(number, event, **facts):
    facts = {"message_template_name": "sale", "message_template_language": "en-US", **facts}
    tell(number, "message_template_status_update", event=event, **facts)


def tell_quality(number, score):
    facts = {"message_template_name": "sale", "message_template_language": "en-US"}
    tell(number, "message_template_quality_update", new_quality_score=score, **facts)


def fresh(broadcast):
    return Broadcast.objects.get(pk=broadcast.pk)


def text(broadcast):
    return paused_text(fresh(broadcast))


# The template


@pytest.mark.parametrize("status", UNDER_WAY)
@pytest.mark.parametrize(
    "event", ["PAUSED", "DISABLED", "REJECTED", "LOCKED", "ARCHIVED", "PENDING_DELETION", "DELETED"]
)
def test_a_template_that_meta_stops_pauses_its_broadcasts(number, template, event, status):
    broadcast = start(number, template, status)

    tell_status(number, event)

    assert fresh(broadcast).status == "paused"
    assert "sale (en_US)" in text(broadcast)


def test_the_reason_says_why_and_until_when(number, template):
    broadcast = start(number, template)

    tell_status(number, "PAUSED", reason="NONE", other_info={"title": "FIRST_PAUSE", "description": "Low quality."})

    assert "Meta has paused the template. Until: " in text(broadcast)
    assert "People complained about it" in text(broadcast)
    assert "Low quality." in text(broadcast)


@pytest.mark.parametrize("event", ["APPROVED", "PENDING", "FLAGGED", "IN_APPEAL", "NEW_WORD"])
def test_a_template_that_meta_still_takes_pauses_nothing(number, template, event):
    broadcast = start(number, template)
    tell_status(number, event)
    assert fresh(broadcast).status == "sending"


@pytest.mark.parametrize("status", ["draft", "planned", "paused", "done", "cancelled"])
def test_broadcasts_that_are_not_under_way_stay_as_they_are(number, template, status):
    broadcast = start(number, template, status, paused_reason="Paused by Vera.")

    tell_status(number, "PAUSED")

    assert (fresh(broadcast).status, text(broadcast)) == (status, "Paused by Vera.")


def test_broadcasts_of_other_templates_languages_and_businesses_go_on(number, template):
    stranger = make_number(make_business(), waba_id=number.waba_id)
    others = [
        start(number, make_template(number, name="other")),
        start(number, make_template(number, name="sale", language="ru")),
        start(stranger, make_template(stranger, name="sale", language="en_US")),
    ]

    tell_status(number, "PAUSED")

    assert [fresh(broadcast).status for broadcast in others] == ["sending"] * 3


def test_low_quality_pauses_before_meta_does(number, template):
    broadcast = start(number, template)

    tell_quality(number, "YELLOW")
    assert fresh(broadcast).status == "sending"
    tell_quality(number, "RED")

    assert fresh(broadcast).status == "paused"
    assert "People complain about the template" in text(broadcast)


def test_a_change_of_category_pauses_nothing(number, template):
    broadcast = start(number, template)
    facts = {"message_template_name": "sale", "message_template_language": "en-US"}

    tell(number, "template_category_update", previous_category="UTILITY", new_category="MARKETING", **facts)

    assert fresh(broadcast).status == "sending"


@pytest.mark.parametrize(
    ("event", "facts"), [("REINSTATED", {}), ("APPROVED", {"other_info": {"title": "UNPAUSE"}}), ("UNPAUSED", {})]
)
def test_when_meta_takes_it_again_that_is_said_and_a_person_resumes(number, template, event, facts, monkeypatch):
    monkeypatch.setattr(lifecycle.dispatch, "send", lambda number_id: None)
    broadcast = start(number, template)
    tell_status(number, "PAUSED")
    assert "resume it" not in text(broadcast)

    tell_status(number, event, **facts)

    assert fresh(broadcast).status == "paused"
    assert text(broadcast).endswith("Meta lets it be sent again: resume it when you want to.")
    lifecycle.resume(fresh(broadcast))
    assert (fresh(broadcast).status, text(broadcast)) == ("sending", "")


def test_what_a_person_paused_is_not_said_to_be_metas(number, template, owner):
    broadcast = start(number, template)
    tell_status(number, "PAUSED")
    tell_status(number, "APPROVED")
    fresh(broadcast).move("sending", since=["paused"], paused_reason="")

    lifecycle.pause(fresh(broadcast), owner)

    assert "resume it" not in text(broadcast)


def test_a_resumed_broadcast_is_not_paused_by_news_of_something_else(number, template):
    broadcast = start(number, template)
    tell_quality(number, "RED")
    fresh(broadcast).move("sending", since=["paused"], paused_reason="")
    facts = {"message_template_name": "sale", "message_template_language": "en-US"}

    tell(number, "template_category_update", new_category="MARKETING", **facts)

    assert fresh(broadcast).status == "sending"


@pytest.mark.parametrize(("found", "status"), [([], "DELETED"), (["PAUSED"], "PAUSED")], ids=["gone", "paused"])
def test_what_is_only_seen_in_metas_list_pauses_too(number, template, meta, found, status):
    meta.connect(number)
    broadcast = start(number, template)
    templates = meta.simulator.templates(number.waba_id)
    templates.clear()
    row = {"id": "7", "name": "sale", "language": "en_US", "category": "UTILITY", "parameter_format": "POSITIONAL"}
    templates.extend({**row, "status": status, "components": [{"type": "BODY", "text": "!"}]} for status in found)

    sync.sync(number)

    assert (fresh(broadcast).status, fresh(broadcast).template.status) == ("paused", status)


# The account


@pytest.mark.parametrize("status", UNDER_WAY)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_update", {"event": "ACCOUNT_RESTRICTION", "restriction_info": [BIZ_INITIATED]}),
        ("account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ADULT"}}),
        ("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}),
        ("account_update", {"event": "ACCOUNT_DELETED"}),
        ("account_review_update", {"decision": "REJECTED"}),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value.values())),
)
def test_an_account_that_meta_stops_pauses_the_broadcasts_of_its_numbers(number, template, field, value, status):
    sibling = make_number(number.business, waba_id=number.waba_id)
    broadcasts = [start(number, template, status), start(sibling, template, status)]
    other = start(make_number(number.business), template, status)

    tell(number, field, **value)

    assert [fresh(broadcast).status for broadcast in broadcasts] == ["paused", "paused"]
    assert "WhatsApp Business account" in text(broadcasts[0])
    assert fresh(other).status == status


@pytest.mark.parametrize(
    "value",
    [
        {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}],
        },
        {"event": "ACCOUNT_RESTRICTION", "restriction_info": []},
        {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}},
        {"event": "PARTNER_ADDED"},
        {"event": "NEW_WORD"},
    ],
    ids=str,
)
def test_an_account_that_may_write_first_pauses_nothing(number, template, value):
    broadcast = start(number, template)
    tell(number, "account_update", **value)
    assert fresh(broadcast).status == "sending"


def test_a_number_that_meta_warns_because_of_complaints_pauses_its_own_broadcasts(number, template):
    broadcast = start(number, template)
    sibling = start(make_number(number.business, waba_id=number.waba_id), template)

    tell(number, "phone_number_quality_update", event="FLAGGED")

    assert (fresh(broadcast).status, fresh(sibling).status) == ("paused", "sending")
    tell(number, "phone_number_quality_update", event="UNFLAGGED")
    assert "resume it" in text(broadcast)


def test_when_a_restriction_is_over_that_is_said(number, template):
    broadcast = start(number, template)
    tell(number, "account_update", event="ACCOUNT_RESTRICTION", restriction_info=[BIZ_INITIATED])
    assert "resume it" not in text(broadcast)

    tell(number, "account_update", event="ACCOUNT_RESTRICTION", restriction_info=[])

    assert fresh(broadcast).status == "paused"
    assert "resume it" in text(broadcast)


# Where it is told


def test_the_api_and_the_page_say_why(number, template, api):
    broadcast = start(number, template)
    tell_status(number, "DISABLED")

    body = api.get(f"/api/v1/broadcasts/{broadcast.pk}/").json()
    page = api.get(f"/admin/broadcasts/broadcast/{broadcast.pk}/change/").content.decode()

    assert "Meta has disabled the template." in body["paused_reason"]
    assert "Meta has disabled the template." in page


@pytest.mark.parametrize(("code", "is_due"), [(132015, True), (131026, False)])
def test_a_refusal_because_of_the_template_has_it_read_soon(number, template, code, is_due):
    WhatsAppNumber.objects.update(templates_due_at=timezone.now() + timedelta(hours=1))
    message = make_broadcast_message(start(number, template), make_customer(number.business), "failed")

    BroadcastMessage.refused(number, {message.pk: CloudApiError(code, "No.")})

    due_at = WhatsAppNumber.objects.get(pk=number.pk).templates_due_at
    assert (due_at <= timezone.now()) == is_due
