"""Which message templates may be sent through a number, and with which parameters."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.template_parameters import problems, unsupported


def usable_with(number: WhatsAppNumber) -> QuerySet[MessageTemplate]:
    """The approved templates of a number's WhatsApp Business account."""
    return MessageTemplate.objects.of_number(number).filter(status=MessageTemplate.Status.APPROVED)


def check_usable(template: MessageTemplate, number: WhatsAppNumber) -> None:
    """Raise ValidationError on `template` when it cannot be sent through a number."""
    if text := _refusal_text(template, number):
        facts = {"template": template, "number": number, "status": template.status_label}
        raise ValidationError({"template": text % facts}, code="template_not_usable")


def _refusal_text(template: MessageTemplate, number: WhatsAppNumber) -> str:
    if template.business_id != number.business_id or template.waba_id != number.waba_id:
        return _(
            "The template “%(template)s” belongs to another WhatsApp Business account than the number “%(number)s”. "
            "Choose a template of this number."
        )
    if template.status != MessageTemplate.Status.APPROVED:
        return _("The template “%(template)s” cannot be sent: %(status)s. Choose an approved one.")
    if unsupported(template):
        return _("The template “%(template)s” has parts that cannot be filled in here. Choose another one.")
    return ""


def check_parameters(template: MessageTemplate, parameters: Mapping[str, str]) -> None:
    """Raise ValidationError on `parameters` when a template cannot be filled in with them."""
    if found := problems(template, parameters):
        sentences = [f"{key}: {sentence}" for key, sentence in found.items()]
        raise ValidationError({"parameters": sentences}, code="template_parameters")
