"""What Meta's webhooks tell of numbers and accounts is written into every number that it concerns."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_business
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers import alerts, numbers
from whatsapp.numbers.issues import issues_of
from whatsapp.testing import make_number, payload_of, post_webhook
from whatsapp.webhooks import process, tasks
from whatsapp.webhooks.changes import Change

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    number = make_number(make_business())
    return not_due(number)


@pytest.fixture
def sibling(number):
    return not_due(make_number(number.business, waba_id=number.waba_id, app_secret=number.app_secret))


def not_due(number):
    number.check_due_at = timezone.now() + timedelta(hours=6)
    number.save()
    return number


def tell(number, field, value):
    process.HANDLERS[field](number, Change(field=field, value=value))
    return fresh(number)


def update(number, event, **facts):
    return tell(number, "account_update", {"event": event, **facts})


def fresh(number):
    return WhatsAppNumber.objects.get(pk=number.pk)


def codes(number, days=0):
    found = issues_of(fresh(number), timezone.now() + timedelta(days=days))
    return [issue.code for issue in found if issue.code not in ("not_checked", "silent")]


def is_due(number):
    return fresh(number).check_due_at <= timezone.now()


def of(number, **value):
    return {"display_phone_number": number.phone_number.lstrip("+"), **value}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"event": "FLAGGED"}, {"meta_status": "FLAGGED"}),
        ({"event": "UNFLAGGED"}, {"meta_status": "CONNECTED"}),
        (
            {"event": "THROUGHPUT_UPGRADE", "max_daily_conversations_per_business": "TIER_UNLIMITED"},
            {"throughput": "HIGH", "messaging_limit": "TIER_UNLIMITED"},
        ),
        ({"event": "UPGRADE", "current_limit": "TIER_10K"}, {"messaging_limit": "TIER_10K"}),
    ],
)
def test_quality_limit_and_throughput_follow_meta(number, value, fields):
    now = tell(number, "phone_number_quality_update", of(number, **value))
    assert {name: getattr(now, name) for name in fields} == fields
    assert is_due(number)


def test_the_review_of_a_name_follows_meta(number):
    value = of(number, decision="APPROVED", requested_verified_name="Kettle House", rejection_reason=None)
    now = tell(number, "phone_number_name_update", value)
    assert (now.name_status, now.verified_name) == ("APPROVED", "Kettle House")
    tell(number, "phone_number_name_update", of(number, decision="REJECTED", requested_verified_name="Sale"))
    assert fresh(number).verified_name == "Kettle House"
    assert codes(number) == ["name_declined"]


@pytest.mark.parametrize(
    ("limit", "kept"), [("TIER_2K", "TIER_2K"), (250, "TIER_250"), (-1, "TIER_UNLIMITED"), (None, ""), ([], "")]
)
def test_the_limit_of_an_account_reaches_each_of_its_numbers(number, sibling, limit, kept):
    tell(number, "business_capability_update", {"max_daily_conversations_per_business": limit})
    assert {fresh(number).messaging_limit, fresh(sibling).messaging_limit} == {kept}


def test_a_restriction_is_shown_on_each_number_of_the_account_until_it_ends(client, number, sibling):
    stranger = make_number(make_business(), waba_id=number.waba_id)
    ends = timezone.now() + timedelta(days=3)
    restriction = {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": int(ends.timestamp())}
    value = {"event": "ACCOUNT_RESTRICTION", "restriction_info": [restriction]}

    post_webhook(client, payload_of(number, value, "account_update"), number.app_secret)
    tasks.process_due_events()

    assert WebhookEvent.objects.get().processed_at
    for concerned in (number, sibling):
        assert codes(concerned) == ["account_restricted"]
        assert codes(concerned, days=4) == []
        assert is_due(concerned)
    assert codes(stranger) == []


def test_no_restriction_any_more_ends_them(number):
    update(
        number, "ACCOUNT_RESTRICTION", restriction_info=[{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING"}]
    )
    update(number, "ACCOUNT_RESTRICTION", restriction_info=[])
    assert codes(number) == []


def test_an_account_that_will_be_switched_off_is_until_it_is_reinstated(number, sibling):
    ban = {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "April 17, 2027"}
    update(number, "DISABLED_UPDATE", ban_info=ban)
    assert "April 17, 2027" in issues_of(fresh(sibling), timezone.now())[0].text
    update(number, "DISABLED_UPDATE", ban_info={"waba_ban_state": "DISABLE"})
    assert codes(sibling) == ["account_disabled"]
    update(number, "DISABLED_UPDATE", ban_info={"waba_ban_state": "REINSTATE"})
    assert codes(sibling) == []


@pytest.mark.parametrize("event", ["PARTNER_REMOVED", "APP_UNINSTALLED", "PARTNER_APP_UNINSTALLED"])
def test_an_app_that_was_cut_off_is_until_it_is_there_again(number, event):
    update(number, event, waba_info={"waba_id": number.waba_id})
    assert codes(number) == ["app_removed"]
    update(number, "PARTNER_ADDED", waba_info={"waba_id": number.waba_id})
    assert codes(number) == []


def test_a_violation_is_named(number):
    update(number, "ACCOUNT_VIOLATION", violation_info={"violation_type": "SPAM"})
    [issue] = issues_of(fresh(number), timezone.now())
    assert (issue.code, "SPAM" in issue.text) == ("account_violation", True)


def test_a_review_that_was_lost_is_shown_until_it_is_won(number):
    tell(number, "account_review_update", {"decision": "REJECTED"})
    assert codes(number) == ["account_rejected"]
    tell(number, "account_review_update", {"decision": "PENDING"})
    assert codes(number) == ["account_rejected"]
    tell(number, "account_review_update", {"decision": "APPROVED"})
    assert codes(number) == []


def test_metas_alerts_are_shown_but_for_those_that_only_inform(number):
    def alert(severity, status="ACTIVE"):
        info = {
            "alert_severity": severity,
            "alert_status": status,
            "alert_type": "LIMIT",
            "alert_description": "Limits cannot be increased at this time.",
        }
        tell(number, "account_alerts", {"entity_type": "BUSINESS", "entity_id": "7", "alert_info": info})
        return codes(number)

    assert alert("INFORMATIONAL") == []
    assert alert("WARNING") == ["account_alert"]
    assert alert("WARNING", "RESOLVED") == []


def test_a_changed_pin_is_shown_on_its_number_alone(number, sibling):
    tell(number, "security", of(number, event="PIN_CHANGED"))
    assert (codes(number), codes(sibling)) == (["pin"], [])


@pytest.mark.parametrize("field", ["message_template_quality_update", "message_template_status_update"])
def test_a_template_of_low_quality_is_named_until_it_recovers(number, field):
    template = {"message_template_name": "order_ready", "message_template_language": "ru"}
    tell(number, field, {"new_quality_score": "RED", **template})
    [issue] = issues_of(fresh(number), timezone.now())
    assert (issue.code, "order_ready (ru)" in issue.text) == ("template_quality", True)
    tell(number, field, {"new_quality_score": "YELLOW", **template})
    assert codes(number) == []


def test_what_is_unknown_is_kept_and_changes_nothing(client, number):
    before = WhatsAppNumber.objects.values().get()
    for field in ("account_update", "security", "phone_number_name_update", "account_settings_update"):
        post_webhook(client, payload_of(number, {"event": "NEW_IN_2027"}, field), number.app_secret)
    tasks.process_due_events()
    assert WebhookEvent.objects.filter(processed_at=None).count() == 0
    after = WhatsAppNumber.objects.values().get()
    assert {**after, "check_due_at": 0} == {**before, "check_due_at": 0}


@pytest.mark.parametrize("field", process.HANDLERS)
@pytest.mark.parametrize("value", [{}, [], "x", {"event": {}}, {"event": "DISABLED_UPDATE", "ban_info": []}])
def test_what_has_another_shape_does_no_harm(number, field, value):
    tell(number, field, value)
    assert codes(number) == []


def test_a_number_keeps_its_latest_alerts(number):
    for serial in range(30):
        until = timezone.now() + timedelta(days=1, minutes=serial)
        alerts.put(WhatsAppNumber.objects.all(), f"account_alert:{serial}", until, what="x")
    assert len(fresh(number).alerts) == alerts.MAX_ALERTS
    assert "account_alert:29" in fresh(number).alerts


def test_what_was_told_of_an_account_does_not_follow_the_number_to_another(number, meta):
    update(number, "ACCOUNT_DELETED")
    meta.connect(number).waba_id = "10229999999"

    numbers.update(fresh(number), waba_id="10229999999")

    assert codes(number) == []
