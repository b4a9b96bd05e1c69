"""
Transfers files from and to Meta: those of messages that came by webhook are fetched, ours are uploaded before their
message is sent. What is due is in the database, so that nothing is lost with a process; transferring a file twice does
no harm.
"""

import base64
import binascii
import logging
import re
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.outages import is_outage
from accounts.deletion import stored_files
from accounts.jobs.job import Job, TakenOver
from crm.models import MediaFile, Message
from whatsapp.graph.client import CloudApi
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble, FileNotPassed, FileTooLarge
from whatsapp.graph.media_types import MAX_FILE_SIZE
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate
from whatsapp.sending.outcomes import NUMBER_RETRY_INTERVAL, upload_delay
from whatsapp.sending.tasks import deliver

logger = logging.getLogger(__name__)

#: Longer than the transfer of a file may take (graph.requests.FILE_TIMEOUT) with the calls around it.
LEASE = timedelta(minutes=5)

#: How long Meta keeps a file that a customer sent (Cloud API, "Media").
META_RETENTION = timedelta(days=7)

#: When a file is fetched again after the first attempt, the second…; then as after the last.
FETCH_DELAYS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)

#: Meta's error codes for a file that it does not have any more.
GONE_CODES = (100, 131051)


class DamagedFile(CloudApiTrouble):
    """What came is not what was sent."""

    def __str__(self) -> str:
        return _("The file was damaged on its way.")


def _transferable(files: QuerySet[MediaFile]) -> QuerySet[MediaFile]:
    """Of these files those to be fetched, and those to be uploaded of numbers that may send."""
    sendable = WhatsAppNumber.objects.that_may_send()
    return files.filter(Q(state=MediaFile.State.WAITING) | Q(message__whatsapp_number__in=sendable))


def work(media: MediaFile, seconds: float) -> bool:
    """Transfer a claimed file, or write down why not and when it is tried again. Nothing is left to do at once."""
    number = media.message.whatsapp_number
    with translation.override(number.business.language):
        try:
            if media.is_awaited:
                fetch(media, number)
            else:
                _upload(media, number)
        except CloudApiTrouble as trouble:
            _settle_failure(media, number, trouble)
        except UnreadableSecret:
            send_gate.note_unreadable(number.pk)
            _settle(
                media,
                due_at=timezone.now() + NUMBER_RETRY_INTERVAL,
                problem=_("The saved token cannot be read: enter it again."),
            )
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("The file of message %s was not transferred.", media.message_id)
            _settle_failure(media, number, FileNotPassed(str(error)))
    return False


def _settle_failure(media: MediaFile, number: WhatsAppNumber, trouble: CloudApiTrouble) -> None:
    if media.is_awaited:
        _settle_failed_fetch(media, trouble)
    else:
        _settle_failed_upload(media, number, trouble)


def _settle(media: MediaFile, due_at: datetime | None = None, **values: Any) -> bool:
    """
    Write down what became of a claimed file, and when it is due again. Returns False when somebody else has it by
    now, and nothing was written.
    """
    try:
        if due_at is None:
            JOB.finish(media, attempts=media.attempts, **values)
        else:
            JOB.come_back(media, due_at, attempts=media.attempts, **values)
    except TakenOver:
        return False
    return True


# --- From Meta -------------------------------------------------------------------------------------------


def fetch(media: MediaFile, number: WhatsAppNumber) -> None:
    """Store the file of a message that came by webhook."""
    api = CloudApi(number.access_token)
    facts = api.media(number.phone_number_id, media.meta_id)
    name = stored_files.random_name(media)
    with stored_files.writing(name) as file:
        size, digest = api.download(str(facts.get("url") or ""), file, MAX_FILE_SIZE)
        if _expected_digest(media, facts) not in ("", digest):
            raise DamagedFile
    stored: dict[str, Any] = {"file": name, "size": size, "sha256": digest, "problem": ""}
    if not _settle(media, state=MediaFile.State.STORED, **stored):
        stored_files.remove([name])


def _expected_digest(media: MediaFile, facts: dict[str, Any]) -> str:
    """SHA-256 as hex, which Meta has been seen to write in base64 too. Empty when Meta does not say."""
    body = media.message.content.get(media.message.type) or {}
    digest = facts.get("sha256") or body.get("sha256")
    if not isinstance(digest, str):
        return ""
    if re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        return digest.lower()
    try:
        decoded = base64.b64decode(digest, validate=True).hex()
    except binascii.Error:
        return ""
    return decoded if len(decoded) == 64 else ""


def _settle_failed_fetch(media: MediaFile, trouble: CloudApiTrouble) -> None:
    """Try again later, as long as Meta keeps the file."""
    due_at = timezone.now() + JOB.delay(media.attempts)
    is_gone = isinstance(trouble, CloudApiError) and trouble.code in GONE_CODES
    if is_gone or isinstance(trouble, FileTooLarge) or due_at > media.created_at + META_RETENTION:
        problem = _("Meta does not have this file any more.") if is_gone else str(trouble)
        _settle(media, state=MediaFile.State.FAILED, problem=problem[:500])
    else:
        _settle(media, due_at=due_at, problem=str(trouble)[:500])


# --- To Meta ---------------------------------------------------------------------------------------------


def _upload(media: MediaFile, number: WhatsAppNumber) -> None:
    if send_gate.is_stopped(number):
        _settle(media, due_at=timezone.now() + NUMBER_RETRY_INTERVAL, problem=number.problem)
        return
    with media.file.open("rb") as file:
        api = CloudApi(number.access_token)
        meta_id = api.upload(number.phone_number_id, cast(BinaryIO, file), media.size, media.mime, media.download_name)
    _release_message(media, meta_id)


@transaction.atomic
def _release_message(media: MediaFile, meta_id: str) -> None:
    """Have the message of a file sent, since Meta has the file."""
    message = media.message
    if not _settle(media, meta_id=meta_id, uploaded_at=timezone.now(), problem=""):
        return
    body = {**message.content[message.type], "id": meta_id}
    _if_queued(message).update(content={**message.content, message.type: body}, due_at=None)
    deliver.delay_on_commit(Message._meta.label, message.whatsapp_number_id)  # type: ignore[attr-defined]


def _settle_failed_upload(media: MediaFile, number: WhatsAppNumber, trouble: CloudApiTrouble) -> None:
    """Try again later, or fail the message."""
    send_gate.react(number, trouble)
    delay = upload_delay(trouble, media.attempts)
    if delay is not None:
        _settle(media, due_at=timezone.now() + delay, problem=str(trouble)[:500])
        return
    with transaction.atomic():
        if _settle(media):
            failure = {"error_code": getattr(trouble, "code", None), "error_title": str(trouble)[:500]}
            _if_queued(media.message).update(status=Message.Status.FAILED, due_at=None, **failure)


def _if_queued(message: Message) -> QuerySet[Message]:
    """The message's row, while it waits to be sent."""
    return Message.objects.filter(pk=message.pk, status=Message.Status.QUEUED)


JOB = Job(
    name="pass files to and from Meta",
    model=MediaFile,
    work=work,
    queue="media",
    lease=LEASE,
    share=3,
    delays=FETCH_DELAYS,
    claimable=_transferable,
    # A file that cannot be transferred fails with its message.
    given_up=MediaFile.objects.none,
)
