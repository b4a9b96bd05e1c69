"""
What Meta's webhooks say of message templates, written into their rows (Webhooks, "message_template_status_update",
"message_template_quality_update", "message_template_components_update", "template_category_update").
"""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.numbers import alerts

from .parsing import Change

FIELDS = (
    "message_template_status_update",
    "message_template_components_update",
    "message_template_quality_update",
    "template_category_update",
)

#: Events that mean a status of another name.
STATUSES = {"REINSTATED": "APPROVED"}


def apply(number: WhatsAppNumber, change: Change) -> None:
    """
    Write a change of a number's account into its template: another status or category. What it does not hold, like
    new texts or a template that is not here, is read at Meta soon. A template of low quality is an alert.
    """
    value = change.value if isinstance(change.value, dict) else {}
    # Meta has labelled changes of quality as changes of status: the keys tell them apart.
    if "new_quality_score" in value:
        _note_quality(number, value)
    values = _values(change.field, value)
    is_written = not values or _template(number, value).update(**values)
    if not is_written or change.field == "message_template_components_update":
        _sync_soon(number)


def _values(field: str, value: dict[str, Any]) -> dict[str, str]:
    if field == "message_template_status_update" and value.get("event"):
        event = str(value["event"])[:30]
        return {"status": STATUSES.get(event, event)}
    if field == "template_category_update" and value.get("new_category"):
        return {"category": str(value["new_category"])[:30]}
    return {}


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
