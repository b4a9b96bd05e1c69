"""
What Meta's webhooks say of message templates, written into their rows (Webhooks, "message_template_status_update",
"message_template_quality_update", "message_template_components_update", "template_category_update").
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from whatsapp.graph.accounts import moment
from whatsapp.message_templates import stopping
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.numbers import alerts

from .changes import Change

FIELDS = (
    "message_template_status_update",
    "message_template_components_update",
    "message_template_quality_update",
    "template_category_update",
)

#: Events that mean a status of another name, and events after which only Meta knows the status.
STATUSES = {"REINSTATED": "APPROVED", "UNPAUSED": "APPROVED"}
UNKNOWN_STATUSES = {"UNARCHIVED"}

#: How long Meta pauses a template, by the title of the pause (Cloud API, "Template pausing").
PAUSES = {"FIRST_PAUSE": timedelta(hours=3), "SECOND_PAUSE": timedelta(hours=6)}

MAX_WORDS = 1000


def apply(number: WhatsAppNumber, change: Change) -> None:
    """
    Write a change of a number's account into its template: another status, quality or category. What it does not
    hold, like new texts or a template that is not here, is read at Meta soon. A template of low quality is an alert;
    what is on its way with one that Meta has stopped is stopped too.
    """
    value = change.value if isinstance(change.value, dict) else {}
    # Meta has labelled changes of quality as changes of status: the keys tell them apart.
    if "new_quality_score" in value:
        _note_quality(number, value)
    values = _values(change.field, value)
    is_written = not values or _template(number, value).update(**values)
    if not is_written or change.field == "message_template_components_update" or _event(value) in UNKNOWN_STATUSES:
        _sync_soon(number)
    if values.get("status") in stopping.STOPPED or values.get("quality_score") == stopping.LOW_QUALITY:
        for template in _template(number, value).select_related("business"):
            stopping.stop(template)


def _event(value: dict[str, Any]) -> str:
    return _text(value.get("event"), 30)


def _values(field: str, value: dict[str, Any]) -> dict[str, Any]:
    if "new_quality_score" in value:
        return {"quality_score": _text(value["new_quality_score"], 10)}
    event = _event(value)
    if field == "message_template_status_update" and event and event not in UNKNOWN_STATUSES:
        return _status_values(event, value)
    if field == "template_category_update" and value.get("new_category"):
        return {
            "category": _text(value["new_category"], 30),
            "previous_category": _text(value.get("previous_category"), 30),
            "correct_category": _text(value.get("correct_category"), 30),
        }
    return {}


def _status_values(event: str, value: dict[str, Any]) -> dict[str, Any]:
    """A status with all that Meta says of it; what it said of the one before is over."""
    other, rejection = _dict(value.get("other_info")), _dict(value.get("rejection_info"))
    title = _text(other.get("title"), 60)
    status = "APPROVED" if title == "UNPAUSE" else STATUSES.get(event, event)
    if status == "APPROVED":
        return {"status": status, "rejection_reason": "", "rejection_details": "", "status_date": None}
    reason = _text(value.get("reason"), 60)
    words = (rejection.get("reason"), rejection.get("recommendation"), other.get("description"))
    return {
        "status": status,
        "rejection_reason": title if reason in ("", "NONE") else reason,
        "rejection_details": " ".join(filter(None, (_text(part, MAX_WORDS).strip() for part in words)))[:MAX_WORDS],
        "status_date": _status_date(title, _dict(value.get("disable_info")).get("disable_date")),
    }


def _status_date(title: str, disable_date: object) -> datetime | None:
    if title in PAUSES:
        return timezone.now() + PAUSES[title]
    return moment(disable_date) or _written_moment(disable_date)


def _written_moment(text: object) -> datetime | None:
    """The moment of an ISO 8601 text; None of anything else."""
    try:
        found = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return timezone.make_aware(found) if found and timezone.is_naive(found) else found


def _text(value: object, length: int) -> str:
    return str(value)[:length] if isinstance(value, str | int) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _template(number: WhatsAppNumber, value: dict[str, Any]) -> QuerySet[MessageTemplate]:
    # Meta writes both en_US and en-US.
    language = str(value.get("message_template_language") or "").replace("-", "_")
    return MessageTemplate.objects.filter(
        business=number.business_id,
        waba_id=number.waba_id,
        name=str(value.get("message_template_name") or ""),
        language=language,
    )


def _note_quality(number: WhatsAppNumber, value: dict[str, Any]) -> None:
    name = str(value.get("message_template_name") or "")[:100]
    language = str(value.get("message_template_language") or "")[:100]
    key = f"template_quality:{name}:{language}"
    siblings = WhatsAppNumber.objects.sharing_account_with(number)
    if value["new_quality_score"] == "RED":
        alerts.put(siblings, key, what=f"{name} ({language})")
    else:
        alerts.withdraw(siblings, key)


def _sync_soon(number: WhatsAppNumber) -> None:
    WhatsAppNumber.objects.filter(pk=number.pk).update(templates_due_at=timezone.now())
