"""
Files pass between here and Meta: those of customers are fetched, ours are uploaded before their message is sent. What
is due is in the database, so that nothing is lost with a process; passing a file twice does no harm.
"""

import base64
import binascii
import logging
import re
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.outages import is_outage
from accounts.deletion import stored_files
from accounts.jobs.job import Job, TakenOver
from crm.models import MediaFile, Message
from whatsapp.graph.client import CloudApi
from whatsapp.graph.error_codes import UNAVAILABLE
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble, FileNotPassed, FileTooLarge
from whatsapp.graph.media_types import LARGEST
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate
from whatsapp.sending.outcomes import NUMBER_WAITS
from whatsapp.sending.tasks import deliver

logger = logging.getLogger(__name__)

#: How long a file may be under way: longer than it may take (graph.requests.FILE_TIMEOUT) with the calls around it.
LEASE = timedelta(minutes=5)

#: Meta forgets the files of customers after that.
META_KEEPS = timedelta(days=7)

#: When a file is fetched again after the first attempt, the second…; then as after the last.
DELAYS = [timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6)]

#: After so many broken uploads a message fails.
MOST_BROKEN_UPLOADS = 8

#: How long a file waits for a number that may not send, or whose token cannot be read.
NUMBER_PATIENCE = timedelta(minutes=1)

#: Meta's codes for what it will not hand out, now or later.
GONE = (100, 131051)


class Spoilt(CloudApiTrouble):
    """What came is not what was sent."""

    def __str__(self):
        return _("The file was damaged on its way.")


def may_pass(files: QuerySet[MediaFile]) -> QuerySet[MediaFile]:
    """Of these files those of customers, and ours of numbers that may send."""
    sendable = WhatsAppNumber.objects.that_may_send()
    return files.filter(Q(message__direction=Message.Direction.IN) | Q(message__whatsapp_number__in=sendable))


def work(media: MediaFile, seconds: float) -> bool:
    """Pass a claimed file. Nothing is left of it then."""
    transfer(media)
    return False


def transfer(media: MediaFile) -> None:
    """Pass a claimed file, or write down why not and when again."""
    number = media.message.whatsapp_number
    is_inbound = media.message.direction == Message.Direction.IN
    with translation.override(number.business.language):
        try:
            (fetch if is_inbound else upload)(media, number)
        except CloudApiTrouble as trouble:
            (not_fetched if is_inbound else not_uploaded)(media, number, trouble)
        except UnreadableSecret:
            send_gate.note_unreadable(number.pk)
            settle(
                media,
                due_at=timezone.now() + NUMBER_PATIENCE,
                problem=_("The saved token cannot be read: enter it again."),
            )
        except Exception as error:
            if is_outage(error):
                raise
            logger.exception("The file of message %s did not pass.", media.message_id)
            trouble = FileNotPassed(str(error))
            (not_fetched if is_inbound else not_uploaded)(media, number, trouble)


def settle(media, due_at=None, **changes):
    """Write down what became of a claimed file, unless somebody else has it by now. Returns whether."""
    try:
        if due_at is None:
            JOB.finish(media, attempts=media.attempts, **changes)
        else:
            JOB.come_back(media, due_at, attempts=media.attempts, **changes)
    except TakenOver:
        return False
    return True


# --- From Meta -------------------------------------------------------------------------------------------


def fetch(media, number):
    api = CloudApi(number.access_token)
    facts = api.media(number.phone_number_id, media.meta_id)
    name = stored_files.random_name(media)
    with stored_files.writing(name) as file:
        size, digest = api.download(str(facts.get("url") or ""), file, LARGEST)
        if expected_digest(media, facts) not in ("", digest):
            raise Spoilt
    stored = {"file": name, "size": size, "sha256": digest, "problem": ""}
    if not settle(media, state=MediaFile.State.STORED, **stored):
        stored_files.remove([name])


def expected_digest(media, facts):
    """SHA-256 as hex; Meta has been seen to write it in base64 too. Empty when it is not told."""
    body = media.message.content.get(media.message.type) or {}
    told = facts.get("sha256") or body.get("sha256")
    if not isinstance(told, str):
        return ""
    if re.fullmatch(r"[0-9a-fA-F]{64}", told):
        return told.lower()
    try:
        digest = base64.b64decode(told, validate=True).hex()
    except binascii.Error:
        return ""
    return digest if len(digest) == 64 else ""


def not_fetched(media, number, trouble):
    """Come back later, as long as Meta keeps the file."""
    again_at = timezone.now() + DELAYS[min(media.attempts, len(DELAYS)) - 1]
    is_gone = isinstance(trouble, CloudApiError) and trouble.code in GONE
    if is_gone or isinstance(trouble, FileTooLarge) or again_at > media.created_at + META_KEEPS:
        problem = _("Meta does not have this file any more.") if is_gone else str(trouble)
        settle(media, state=MediaFile.State.FAILED, problem=problem[:500])
    else:
        settle(media, due_at=again_at, problem=str(trouble)[:500])


# --- To Meta ---------------------------------------------------------------------------------------------


def upload(media, number):
    if send_gate.is_stopped(number):
        settle(media, due_at=timezone.now() + NUMBER_PATIENCE, problem=number.problem)
        return
    with media.file.open("rb") as file:
        api = CloudApi(number.access_token)
        meta_id = api.upload(number.phone_number_id, file, media.size, media.mime, media.download_name)
    let_go(media, meta_id)


@transaction.atomic
def let_go(media, meta_id):
    """The file is at Meta, so its message may be sent."""
    message = media.message
    if not settle(media, meta_id=meta_id, uploaded_at=timezone.now(), problem=""):
        return
    body = {**message.content[message.type], "id": meta_id}
    queued(message).update(content={**message.content, message.type: body}, due_at=None)
    deliver.delay_on_commit(Message._meta.label, message.whatsapp_number_id)


def not_uploaded(media, number, trouble):
    """Come back later, or fail the message."""
    send_gate.react(number, trouble)
    delay = delay_of_upload(media, trouble)
    if delay is not None:
        settle(media, due_at=timezone.now() + delay, problem=str(trouble)[:500])
        return
    with transaction.atomic():
        if settle(media):
            failure = {"error_code": getattr(trouble, "code", None), "error_title": str(trouble)[:500]}
            queued(media.message).update(status=Message.Status.FAILED, due_at=None, **failure)


def delay_of_upload(media, trouble):
    """How long to wait for the next attempt; None when there is to be none."""
    error_class = trouble.error_class if isinstance(trouble, CloudApiError) else UNAVAILABLE
    if error_class.action in NUMBER_WAITS:
        return NUMBER_PATIENCE
    if isinstance(trouble, FileNotPassed) and media.attempts >= MOST_BROKEN_UPLOADS:
        return None
    seconds = error_class.retry_after(media.attempts)
    return None if seconds is None else timedelta(seconds=seconds)


def queued(message):
    return Message.objects.filter(pk=message.pk, status=Message.Status.QUEUED)


JOB = Job(
    name="pass files to and from Meta",
    model=MediaFile,
    work=work,
    queue="media",
    lease=LEASE,
    share=3,
    delays=tuple(DELAYS),
    claimable=may_pass,
    # A file that does not pass fails with its message.
    given_up=MediaFile.objects.none,
)
