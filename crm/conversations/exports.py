"""
The conversations of a number as a file: CSV for people, JSON Lines for programs. A small one is downloaded at once;
a large one is requested, and written by workers.
"""

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from accounts.jobs.tasks import wake
from accounts.models import User
from accounts.refusals import Refusal
from crm.models import ConversationExport, Message
from whatsapp.models import WhatsAppNumber

from . import export_job
from .export_formats import FORMATS
from .export_writer import ExportWriter

#: Messages of a number that a page downloads at once; more are exported by a job.
MAX_DOWNLOAD = 5000

#: Files of one business that may be under way.
MAX_UNDER_WAY = 20


def is_large(number: WhatsAppNumber) -> bool:
    """Whether exporting takes too long to wait for it."""
    return Message.objects.filter(whatsapp_number=number)[: MAX_DOWNLOAD + 1].count() > MAX_DOWNLOAD


def request(number: WhatsAppNumber, person: User, file_format: str) -> ConversationExport:
    """
    Have a file written. Returns the export that this person requested before, as long as it is not finished. Raises
    Refusal (`too_many_files`) while the business has many under way.
    """
    unfinished = ConversationExport.objects.filter(
        whatsapp_number=number, requested_by=person, format=file_format, finished_at=None
    )
    if not unfinished.exists():
        _check_limit(number)
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


def _check_limit(number: WhatsAppNumber) -> None:
    if ConversationExport.objects.unfinished().filter(business=number.business_id).count() >= MAX_UNDER_WAY:
        raise Refusal(
            "too_many_files",
            _("%(count)d files are being written already. Wait until one of them is done, then ask for this one.")
            % {"count": MAX_UNDER_WAY},
        )


def file_name(
    number: WhatsAppNumber, file_format: str, conversations: int | None = None, messages: int | None = None
) -> str:
    """The name of a file; it says how much is in it where that is known."""
    digits = number.phone_number.lstrip("+")
    counts = "" if messages is None else f"-{conversations}-conversations-{messages}-messages"
    return f"conversations-{digits}{counts}.{file_format}"


def download(number: WhatsAppNumber, file_format: str) -> StreamingHttpResponse:
    """The file as a response, written while it is sent."""
    return StreamingHttpResponse(
        _streamed(ExportWriter(number, file_format)),
        content_type=FORMATS[file_format].content_type,
        headers={"Content-Disposition": f'attachment; filename="{file_name(number, file_format)}"'},
    )


def _streamed(writer: ExportWriter) -> Iterator[str]:
    """The pieces of a file. Whoever asks for more than the last one has sent all of them."""
    yield from writer.whole()
    writer.note_exported()
