"""
What Meta's webhooks say of numbers and their accounts, by the field of the change (Webhooks, "account_…",
"phone_number_…", "business_capability_update", "security"). An account's change concerns each of its numbers in the
business. Events that are not known here change nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.formats import date_format

from whatsapp.graph.accounts import moment
from whatsapp.models import WhatsAppNumber, outbound_models
from whatsapp.numbers import alerts, health, labels

from .changes import Change

Numbers = QuerySet[WhatsAppNumber]

#: A change's value, whose shape is Meta's and not to be relied upon.
Value = dict[str, Any]

#: How long an alert of an account is shown that Meta gives no end, unless Meta takes it back.
ACCOUNT_ALERT_RETENTION = timedelta(days=30)

#: Events of account_update that end an alert, and which.
ENDS = {
    "PARTNER_ADDED": "app_removed",
    "PARTNER_APP_INSTALLED": "app_removed",
    "APP_INSTALLED": "app_removed",
    "ACCOUNT_RECONNECTED": "app_removed",
}
REMOVALS = {"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "APP_UNINSTALLED", "ACCOUNT_OFFBOARDED"}

#: Meta's events of a number's quality that are a status of the number, or end one.
QUALITY_EVENTS = {"FLAGGED": "FLAGGED", "UNFLAGGED": "CONNECTED"}

#: Events of `security` that a person should know of: somebody asked for the number's PIN, or changed it.
PIN_EVENTS = {"PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_REQUEST_SUCCESS"}


def apply(number: WhatsAppNumber, change: Change) -> None:
    """Write a change into the numbers it concerns, and have Meta asked where that is the surer way."""
    if value := _dict(change.value):
        this = WhatsAppNumber.objects.filter(pk=number.pk)
        siblings = WhatsAppNumber.objects.sharing_account_with(number)
        with translation.override(number.business.language):
            HANDLERS[change.field](this, siblings, value)


def _quality(this: Numbers, siblings: Numbers, value: Value) -> None:
    event = _text(value.get("event"))
    if event in QUALITY_EVENTS:
        this.update(meta_status=QUALITY_EVENTS[event])
    if event == "FLAGGED":
        _stop(this, str(labels.STATUS_ADVICE[event]))
    if event == "THROUGHPUT_UPGRADE":
        this.update(throughput="HIGH")
    _limit(siblings, value.get("max_daily_conversations_per_business") or value.get("current_limit"))
    health.check_soon(this)


def _name(this: Numbers, siblings: Numbers, value: Value) -> None:
    decision = _text(value.get("decision"))
    if decision == "APPROVED":
        this.update(name_status=decision, verified_name=_text(value.get("requested_verified_name"), 200))
    elif decision in ("REJECTED", "DECLINED"):
        this.update(name_status="DECLINED")
    health.check_soon(this)


def _capability(this: Numbers, siblings: Numbers, value: Value) -> None:
    _limit(siblings, value.get("max_daily_conversations_per_business"))
    health.check_soon(siblings)


def _limit(numbers: Numbers, limit: object) -> None:
    """Meta writes it as one of its tiers, or as how many people; -1 is everybody."""
    if isinstance(limit, int):
        limit = "TIER_UNLIMITED" if limit < 0 else f"TIER_{limit}"
    if limit and isinstance(limit, str):
        numbers.update(messaging_limit=limit[:30])


def _account(this: Numbers, siblings: Numbers, value: Value) -> None:
    event = _text(value.get("event"))
    if event in ENDS:
        alerts.withdraw(siblings, ENDS[event])
    elif event in REMOVALS:
        alerts.put(siblings, "app_removed", _default_end())
    elif event == "ACCOUNT_DELETED":
        _put(siblings, "account_deleted", _default_end())
    elif event == "DISABLED_UPDATE":
        _ban(siblings, _dict(value.get("ban_info")))
    elif event == "ACCOUNT_VIOLATION":
        kind = _text(_dict(value.get("violation_info")).get("violation_type"))
        _put(siblings, f"account_violation:{kind}", _default_end(), what=kind or event)
    elif event == "ACCOUNT_RESTRICTION":
        _restrictions(siblings, value.get("restriction_info"))
    health.check_soon(siblings)


def _ban(siblings: Numbers, ban: Value) -> None:
    state = _text(ban.get("waba_ban_state"))
    if state in ("DISABLE", "REINSTATE"):
        alerts.withdraw(siblings, "account_to_be_disabled", "account_disabled")
    if state == "DISABLE":
        _put(siblings, "account_disabled", _default_end())
    if state == "SCHEDULE_FOR_DISABLE":
        alerts.put(siblings, "account_to_be_disabled", _default_end(), date=_text(ban.get("waba_ban_date")))


def _restrictions(siblings: Numbers, restrictions: object) -> None:
    """The list is of those that hold, so an empty one ends them."""
    alerts.withdraw(siblings, "account_restricted")
    for restriction in restrictions if isinstance(restrictions, list) else ():
        kind = _text(_dict(restriction).get("restriction_type"))
        until = moment(_dict(restriction).get("expiration")) or _default_end()
        if kind:
            _put(siblings, f"account_restricted:{kind}", until, what=kind)


def _review(this: Numbers, siblings: Numbers, value: Value) -> None:
    decision = _text(value.get("decision"))
    if decision == "REJECTED":
        _put(siblings, "account_rejected", _default_end())
    elif decision == "APPROVED":
        alerts.withdraw(siblings, "account_rejected")
    health.check_soon(siblings)


def _alert(this: Numbers, siblings: Numbers, value: Value) -> None:
    """Meta's own alerts; those that only inform are not worth a person's time."""
    alert = _dict(value.get("alert_info")) or value
    key = "account_alert:" + _text(alert.get("alert_type"))
    is_active = _text(alert.get("alert_status")) in ("ACTIVE", "")
    if is_active and _text(alert.get("alert_severity")) in ("CRITICAL", "WARNING"):
        alerts.put(siblings, key, what=_text(alert.get("alert_description"), 300))
    else:
        alerts.withdraw(siblings, key)


def _security(this: Numbers, siblings: Numbers, value: Value) -> None:
    if _text(value.get("event")) in PIN_EVENTS:
        alerts.put(this, "pin", date=date_format(timezone.localtime(), "SHORT_DATE_FORMAT"))
    health.check_soon(this)


def _put(numbers: Numbers, key: str, until: datetime, **facts: str) -> None:
    """Keep an alert of an account, and stop what writes to people first if it may not be done any more."""
    alerts.put(numbers, key, until, **facts)
    if alerts.stops_writing_first(key):
        _stop(numbers, alerts.sentence(key, facts))


def _stop(numbers: Numbers, reason: str) -> None:
    for model in outbound_models():
        model.stop_numbers(numbers, reason)


def _default_end() -> datetime:
    return timezone.now() + ACCOUNT_ALERT_RETENTION


def _text(value: object, length: int = 100) -> str:
    return str(value)[:length] if isinstance(value, str | int) else ""


def _dict(value: object) -> Value:
    return value if isinstance(value, dict) else {}


HANDLERS: dict[str, Callable[[Numbers, Numbers, Value], None]] = {
    "phone_number_quality_update": _quality,
    "phone_number_name_update": _name,
    "business_capability_update": _capability,
    "account_update": _account,
    "account_review_update": _review,
    "account_alerts": _alert,
    "security": _security,
}
