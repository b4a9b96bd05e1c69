"""A broadcast as people read it: whom it goes to, what it says, what stops its number."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.refusals import Refusal
from crm.customers import interpolation
from whatsapp.message_templates import header_files
from whatsapp.message_templates.preview import Preview, preview
from whatsapp.message_templates.stopping import is_usable_again
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.alerts import may_write_first
from whatsapp.numbers.numbers import check_may_send_from

from .models import Broadcast


def audience_phrases(document: dict[str, Any]) -> list[str]:
    """An audience document (broadcasts.audience) as phrases."""
    phrases = [_("everybody")] if document.get("everyone") else []
    if tags := document.get("tags_any"):
        phrases.append(_("with any of the tags: %(tags)s") % {"tags": ", ".join(tags)})
    if count := len(document.get("customers", [])):
        phrases.append(
            ngettext("%(count)s customer chosen by name", "%(count)s customers chosen by name", count)
            % {"count": count}
        )
    if tags := document.get("tags_all"):
        phrases.append(_("only with all of the tags: %(tags)s") % {"tags": ", ".join(tags)})
    if tags := document.get("tags_none"):
        phrases.append(_("without the tags: %(tags)s") % {"tags": ", ".join(tags)})
    return phrases


def _value_label(name: str) -> str:
    """What people call a value of a customer."""
    if name == "customer.name":
        return pgettext("of a customer", "name")
    if name == "customer.phone":
        return pgettext("of a customer", "phone")
    return name.removeprefix(interpolation.CUSTOMER_ATTRIBUTES)


def preview_of(broadcast: Broadcast) -> Preview:
    """The message with the names of the customer's values in the place of the values."""

    def value(name: str) -> str:
        return f"‹{_value_label(name)}›"

    filled = {
        key: interpolation.fill(text, value, limit=1024) for key, text in broadcast.parameters.items() if text.strip()
    }
    return preview(broadcast.template, header_files.readable(filled, broadcast.whatsapp_number_id))


def paused_text(broadcast: Broadcast) -> str:
    """Why it is paused, or why a draft's planning stopped, and that it can go on when Meta lets it."""
    if broadcast.status != Broadcast.Status.PAUSED or not _may_go_on(broadcast):
        return broadcast.paused_reason
    invitation = _("Meta lets it be sent again: resume it when you want to.")
    return f"{broadcast.paused_reason} {invitation}"


def _may_go_on(broadcast: Broadcast) -> bool:
    """Whether what Meta had stopped may be sent again."""
    number = broadcast.whatsapp_number
    match broadcast.stopped_by:
        case Broadcast.StoppedBy.TEMPLATE:
            return is_usable_again(broadcast.template)
        case Broadcast.StoppedBy.NUMBER:
            return number.meta_status != "FLAGGED" and may_write_first(number, timezone.now())
    return False


def duration_text(seconds: int) -> str:
    """Less than a minute, or about as many minutes, hours or days."""
    if seconds < 60:
        return _("less than a minute")
    now = timezone.now()
    return _("about %(time)s") % {"time": timesince(now - timedelta(seconds=seconds), now, depth=1)}


def file_wait_text(broadcast: Broadcast) -> str:
    """That the file of its template is not at Meta yet; empty for one that is, or for a broadcast without any."""
    ids = header_files.ids_in(broadcast.parameters) if broadcast.status == Broadcast.Status.SENDING else set()
    if ids <= header_files.at_meta(ids, broadcast.whatsapp_number_id).keys():
        return ""
    return _("The file is being uploaded to Meta; sending goes on when Meta has it.")


def number_wait_text(number: WhatsAppNumber) -> str:
    """What stops the number now, in a sentence; empty when it sends."""
    try:
        check_may_send_from(number)
    except Refusal as refusal:
        return str(refusal)
    if number.paused_until and number.paused_until > timezone.now():
        until = date_format(timezone.localtime(number.paused_until), "H:i")
        message = _("The number “%(number)s” sends nothing until %(time)s. %(problem)s")
        return message % {"number": number, "time": until, "problem": number.problem}
    if number.status == number.Status.PROBLEM:
        return _("The number “%(number)s” has a problem: %(problem)s") % {"number": number, "problem": number.problem}
    return ""
