"""Files with the conversations of a number, asked for by people and written by workers."""

from django.utils.translation import gettext as _

from accounts.jobs.tasks import wake
from accounts.models import User
from accounts.refusals import Refusal
from crm.models import ConversationExport, Message
from whatsapp.models import WhatsAppNumber

from . import export_job

#: A number with more messages is exported by a job.
AT_ONCE = 5000

#: So many files of one business are written at most.
MAX_UNDER_WAY = 20


def is_large(number: WhatsAppNumber) -> bool:
    return Message.objects.filter(whatsapp_number=number)[: AT_ONCE + 1].count() > AT_ONCE


def ask(number: WhatsAppNumber, person: User, file_format: str) -> ConversationExport:
    """
    Have a file written; the one that this person asked for before, as long as it is not finished. Raises Refusal
    (`too_many_files`) while the business has many under way.
    """
    asked_before = ConversationExport.objects.filter(
        whatsapp_number=number, requested_by=person, format=file_format, finished_at=None
    )
    if not asked_before.exists():
        _check_room(number)
    total = Message.objects.filter(whatsapp_number=number).count()
    export, is_new = ConversationExport.objects.get_or_create(
        whatsapp_number=number,
        requested_by=person,
        format=file_format,
        finished_at=None,
        defaults={"business_id": number.business_id, "total": total},
    )
    if is_new:
        wake(export_job.JOB)
    return export


def _check_room(number: WhatsAppNumber) -> None:
    if ConversationExport.objects.unfinished().filter(business=number.business_id).count() >= MAX_UNDER_WAY:
        raise Refusal(
            "too_many_files",
            _("%(count)d files are being written already. Wait until one of them is done, then ask for this one.")
            % {"count": MAX_UNDER_WAY},
        )
