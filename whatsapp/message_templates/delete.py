"""Deleting message templates at Meta and here, after a look at what uses them."""

from django.utils.translation import gettext as _

from accounts.deletion import deletion
from accounts.refusals import Refusal
from whatsapp.graph.client import CloudApi
from whatsapp.graph.errors import AnswerLost, CloudApiTrouble
from whatsapp.models import MessageTemplate
from whatsapp.secrets.encryption import UnreadableSecret

from . import sync
from .submit import refusal_of
from .usage import uses_of

#: So many names of what uses a template stand in a refusal.
NAMED = 5


def siblings(template):
    """The same template in its other languages."""
    same = MessageTemplate.objects.filter(
        business=template.business_id, waba_id=template.waba_id, name=template.name
    ).exclude(status=MessageTemplate.Status.DELETED)
    return list(same.exclude(pk=template.pk))


def is_at_meta(template):
    """Whether deleting the template means to ask Meta: a number of its account is here, and it is not gone there."""
    return template.status != MessageTemplate.Status.DELETED and _number_of(template) is not None


def _number_of(template):
    return sync.number_of_account(template.business_id, template.waba_id)


def delete(template, requested_by=None, all_languages=False, anyway=False):
    """
    Delete a template, at Meta too, in one language or in all; never inside a transaction. Meta then blocks the name
    for 30 days. A broadcast that is over keeps showing it.

    Raises Refusal: `template_being_sent`, `template_in_use` unless `anyway`, `meta_refused`, `meta_unreachable`.
    """
    templates = [template, *(siblings(template) if all_languages else ())]
    _check_uses(uses_of(templates), anyway)
    if is_at_meta(template):
        _delete_at_meta(_number_of(template), template, all_languages)
    for row in templates:
        _delete_here(row, requested_by)


def _check_uses(uses, anyway):
    if held := [use for use in uses if use.holds]:
        told = _("The template is needed now: %(uses)s. Let that end, or cancel it, first.")
        raise Refusal("template_being_sent", told % {"uses": _in_words(held)})
    if uses and not anyway:
        told = _("The template is used: %(uses)s. Choose another template there, or delete it anyway.")
        raise Refusal("template_in_use", told % {"uses": _in_words(uses)})


def _in_words(uses):
    named = ", ".join(str(use) for use in uses[:NAMED])
    return f"{named}…" if len(uses) > NAMED else named


def _delete_at_meta(number, template, all_languages):
    if not (all_languages or template.meta_id):
        sync.sync(number)
        template = MessageTemplate.objects.filter(pk=template.pk).first()
        if template is None or template.status == MessageTemplate.Status.DELETED:
            return
        if not template.meta_id:
            # By its name alone Meta would delete every language.
            raise Refusal(
                "meta_refused", _("Meta has not deleted the template. Press “Sync with Meta”, and try again.")
            )
    try:
        api = CloudApi(number.access_token)
        api.delete_template(template.waba_id, template.name, "" if all_languages else template.meta_id)
    except AnswerLost:
        _check_is_gone(number, template)
    except (CloudApiTrouble, UnreadableSecret) as trouble:
        refusal = refusal_of(trouble, _("Meta has not deleted the template. Press “Sync with Meta”, and try again."))
        raise refusal from trouble


def _check_is_gone(number, template):
    """Meta's answer was lost: only Meta's list says whether the template is there still."""
    sync.sync(number)
    here = MessageTemplate.objects.filter(pk=template.pk).exclude(status=MessageTemplate.Status.DELETED)
    if here.exclude(status=MessageTemplate.Status.PENDING_DELETION).exists():
        raise Refusal("meta_unreachable", _("Meta's answer was lost, and the template is still there. Try again."))


def _delete_here(row, requested_by):
    """Leave a receipt. What a broadcast shows stays, marked; what reading Meta's list has removed is gone."""
    if not MessageTemplate.objects.filter(pk=row.pk).exists():
        return
    try:
        deletion.delete(row, requested_by=requested_by)
    except Refusal as refusal:
        if row.status == MessageTemplate.Status.DELETED:
            raise refusal
        sync.remove(row)
