"""Deleting message templates at Meta and here, after a look at what uses them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.deletion import deletion
from accounts.models import User
from accounts.refusals import Refusal
from whatsapp.graph.client import CloudApi
from whatsapp.graph.errors import AnswerLost, CloudApiTrouble
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from . import sync
from .submit import refusal_of
from .usage import Use, uses_of

#: The names of what uses a template in a refusal.
MAX_NAMED = 5


def siblings(template: MessageTemplate) -> list[MessageTemplate]:
    """The same template in its other languages."""
    of_name = MessageTemplate.objects.filter(
        business=template.business_id, waba_id=template.waba_id, name=template.name
    )
    return list(of_name.exclude(status=MessageTemplate.Status.DELETED).exclude(pk=template.pk))


def is_at_meta(template: MessageTemplate) -> bool:
    """Whether deleting the template means to ask Meta: a number of its account is here, and it is not gone there."""
    return template.status != MessageTemplate.Status.DELETED and _number_of(template) is not None


def _number_of(template: MessageTemplate) -> WhatsAppNumber | None:
    return sync.number_of_account(template.business_id, template.waba_id)


def delete(
    template: MessageTemplate, requested_by: User | None = None, all_languages: bool = False, anyway: bool = False
) -> None:
    """
    Delete a template, at Meta too, in one language or in all; never inside a transaction. Meta then blocks the name
    for 30 days. A broadcast that is over keeps showing it.

    Raises Refusal: `template_being_sent`, `template_in_use` unless `anyway`, `meta_refused`, `meta_unreachable`.
    """
    templates = [template, *(siblings(template) if all_languages else ())]
    _check_uses(uses_of(templates), anyway)
    number = _number_of(template)
    if number and template.status != MessageTemplate.Status.DELETED:
        _delete_at_meta(number, template, all_languages)
    for row in templates:
        _delete_here(row, requested_by)


def _check_uses(uses: Sequence[Use], anyway: bool) -> None:
    if holding := [use for use in uses if use.holds]:
        text = _("The template is needed now: %(uses)s. Let that end, or cancel it, first.")
        raise Refusal("template_being_sent", text % {"uses": _uses_text(holding)})
    if uses and not anyway:
        text = _("The template is used: %(uses)s. Choose another template there, or delete it anyway.")
        raise Refusal("template_in_use", text % {"uses": _uses_text(uses)})


def _uses_text(uses: Sequence[Use]) -> str:
    named = ", ".join(str(use) for use in uses[:MAX_NAMED])
    return f"{named}…" if len(uses) > MAX_NAMED else named


def _delete_at_meta(number: WhatsAppNumber, template: MessageTemplate, all_languages: bool) -> None:
    if not (all_languages or template.meta_id):
        sync.sync(number)
        read = MessageTemplate.objects.filter(pk=template.pk).first()
        if read is None or read.status == MessageTemplate.Status.DELETED:
            return
        if not read.meta_id:
            # By its name alone Meta would delete every language.
            raise Refusal("meta_refused", _not_deleted_text())
        template = read
    try:
        api = CloudApi(number.access_token)
        api.delete_template(template.waba_id, template.name, "" if all_languages else template.meta_id)
    except AnswerLost:
        _check_is_gone(number, template)
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        raise refusal_of(trouble, _not_deleted_text()) from trouble


def _not_deleted_text() -> str:
    return _("Meta has not deleted the template. Press “Sync with Meta”, and try again.")


def _check_is_gone(number: WhatsAppNumber, template: MessageTemplate) -> None:
    """Meta's answer was lost: only Meta's list says whether the template is still there."""
    sync.sync(number)
    here = MessageTemplate.objects.filter(pk=template.pk).exclude(status=MessageTemplate.Status.DELETED)
    if here.exclude(status=MessageTemplate.Status.PENDING_DELETION).exists():
        raise Refusal("meta_unreachable", _("Meta's answer was lost, and the template is still there. Try again."))


def _delete_here(row: MessageTemplate, requested_by: User | None) -> None:
    """Leave a receipt. What a broadcast shows stays, marked; what reading Meta's list has removed is gone already."""
    if not MessageTemplate.objects.filter(pk=row.pk).exists():
        return
    try:
        deletion.delete(row, requested_by=requested_by)
    except Refusal as refusal:
        if row.status == MessageTemplate.Status.DELETED:
            raise refusal
        sync.remove(row)
