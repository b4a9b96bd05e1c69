"""What Meta's webhooks tell of templates, written into their rows (Webhooks, "message_template_…")."""

from django.utils import timezone

from whatsapp.models import MessageTemplate, WhatsAppNumber

#: Events that mean another status than their own word.
STATUSES = {"REINSTATED": "APPROVED"}


def apply(number, change):
    """
    Write a change of a number's account into its template: another status or category. What it does not hold, like
    new texts or a template that is not here, is read at Meta soon.
    """
    if change.field == "message_template_components_update":
        _read_soon(number)
        return
    values = _values(change)
    if values and not _template(number, change.value).update(**values):
        _read_soon(number)


def _values(change):
    told = change.value if isinstance(change.value, dict) else {}
    # Meta has labelled changes of quality as changes of status: only an event is one.
    if change.field == "message_template_status_update" and told.get("event"):
        event = str(told["event"])[:30]
        return {"status": STATUSES.get(event, event)}
    if change.field == "template_category_update" and told.get("new_category"):
        return {"category": str(told["new_category"])[:30]}
    return {}


def _template(number, told):
    # Meta writes both en_US and en-US.
    language = str(told.get("message_template_language") or "").replace("-", "_")
    return MessageTemplate.objects.filter(
        business=number.business_id,
        waba_id=number.waba_id,
        name=str(told.get("message_template_name") or ""),
        language=language,
    )


def _read_soon(number):
    WhatsAppNumber.objects.filter(pk=number.pk).update(templates_due_at=timezone.now())
