"""
What Meta's webhooks tell of numbers and their accounts (Webhooks, "account_…", "phone_number_…", "security"). An
account's change concerns each of its numbers in the business. What is not known here is kept as an event alone.
"""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format

from whatsapp.graph.accounts import moment
from whatsapp.numbers import alerts, health
from whatsapp.sending import send_gate

#: Restrictions without an end, and warnings of an account, are shown so long unless Meta takes them back.
LONG = timedelta(days=30)

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


def apply(number, change):
    """Write a change into the numbers it concerns, and have Meta asked where that is the surer way."""
    told = _dict(change.value)
    # Meta has labelled changes of quality as changes of status.
    handler = _template_quality if "new_quality_score" in told else HANDLERS.get(change.field)
    if handler and told:
        handler(send_gate.same(number), send_gate.siblings(number), told)


def _quality(this, siblings, told):
    event = _text(told.get("event"))
    if event in QUALITY_EVENTS:
        this.update(meta_status=QUALITY_EVENTS[event])
    if event == "THROUGHPUT_UPGRADE":
        this.update(throughput="HIGH")
    _limit(siblings, told.get("max_daily_conversations_per_business") or told.get("current_limit"))
    health.check_soon(this)


def _name(this, siblings, told):
    decision = _text(told.get("decision"))
    if decision == "APPROVED":
        this.update(name_status=decision, verified_name=_text(told.get("requested_verified_name"), 200))
    elif decision in ("REJECTED", "DECLINED"):
        this.update(name_status="DECLINED")
    health.check_soon(this)


def _capability(this, siblings, told):
    _limit(siblings, told.get("max_daily_conversations_per_business"))
    health.check_soon(siblings)


def _limit(numbers, limit):
    """Meta writes it as one of its tiers, or as how many people; -1 is everybody."""
    if isinstance(limit, int):
        limit = "TIER_UNLIMITED" if limit < 0 else f"TIER_{limit}"
    if limit and isinstance(limit, str):
        numbers.update(messaging_limit=limit[:30])


def _account(this, siblings, told):
    event = _text(told.get("event"))
    if event in ENDS:
        alerts.withdraw(siblings, ENDS[event])
    elif event in REMOVALS:
        alerts.put(siblings, "app_removed", _in(LONG))
    elif event == "ACCOUNT_DELETED":
        alerts.put(siblings, "account_deleted", _in(LONG))
    elif event == "DISABLED_UPDATE":
        _ban(siblings, _dict(told.get("ban_info")))
    elif event == "ACCOUNT_VIOLATION":
        kind = _text(_dict(told.get("violation_info")).get("violation_type"))
        alerts.put(siblings, f"account_violation:{kind}", _in(LONG), what=kind or event)
    elif event == "ACCOUNT_RESTRICTION":
        _restrictions(siblings, told.get("restriction_info"))
    health.check_soon(siblings)


def _ban(siblings, ban):
    state = _text(ban.get("waba_ban_state"))
    if state in ("DISABLE", "REINSTATE"):
        alerts.withdraw(siblings, "account_to_be_disabled", "account_disabled")
    if state == "DISABLE":
        alerts.put(siblings, "account_disabled", _in(LONG))
    if state == "SCHEDULE_FOR_DISABLE":
        alerts.put(siblings, "account_to_be_disabled", _in(LONG), date=_text(ban.get("waba_ban_date")))


def _restrictions(siblings, restrictions):
    """The list is of those that hold, so an empty one ends them."""
    alerts.withdraw(siblings, "account_restricted")
    for restriction in restrictions if isinstance(restrictions, list) else ():
        kind = _text(_dict(restriction).get("restriction_type"))
        until = moment(_dict(restriction).get("expiration")) or _in(LONG)
        if kind:
            alerts.put(siblings, f"account_restricted:{kind}", until, what=kind)


def _review(this, siblings, told):
    decision = _text(told.get("decision"))
    if decision == "REJECTED":
        alerts.put(siblings, "account_rejected", _in(LONG))
    elif decision == "APPROVED":
        alerts.withdraw(siblings, "account_rejected")
    health.check_soon(siblings)


def _alert(this, siblings, told):
    """Meta's own alerts; those that only inform are not worth a person's time."""
    alert = _dict(told.get("alert_info")) or told
    key = "account_alert:" + _text(alert.get("alert_type"))
    is_active = _text(alert.get("alert_status")) in ("ACTIVE", "")
    if is_active and _text(alert.get("alert_severity")) in ("CRITICAL", "WARNING"):
        alerts.put(siblings, key, what=_text(alert.get("alert_description"), 300))
    else:
        alerts.withdraw(siblings, key)


def _security(this, siblings, told):
    if _text(told.get("event")) in ("PIN_CHANGED", "PIN_RESET_REQUEST", "PIN_REQUEST_SUCCESS"):
        day = date_format(timezone.localtime(), "SHORT_DATE_FORMAT")
        alerts.put(this, "pin", date=day)
    health.check_soon(this)


def _template_quality(this, siblings, told):
    name, language = _text(told.get("message_template_name")), _text(told.get("message_template_language"))
    key = f"template_quality:{name}:{language}"
    if _text(told.get("new_quality_score")) == "RED":
        alerts.put(siblings, key, what=f"{name} ({language})")
    else:
        alerts.withdraw(siblings, key)


def _in(time):
    return timezone.now() + time


def _text(value, length=100):
    return str(value)[:length] if isinstance(value, str | int) else ""


def _dict(value):
    return value if isinstance(value, dict) else {}


HANDLERS = {
    "phone_number_quality_update": _quality,
    "phone_number_name_update": _name,
    "business_capability_update": _capability,
    "account_update": _account,
    "account_review_update": _review,
    "account_alerts": _alert,
    "security": _security,
}
