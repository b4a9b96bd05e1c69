"""
The files of templates' headers: stored, uploaded to Meta once for a number, renewed while something needs them, and
deleted when nothing has for long. What is due is in the database; uploading a file twice does no harm.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.deletion import stored_files
from accounts.jobs.job import Job
from accounts.jobs.tasks import wake
from whatsapp.graph.client import CloudApi
from whatsapp.graph.errors import CloudApiTrouble, FileNotPassed
from whatsapp.graph.media_types import HEAD, MediaType, recognise
from whatsapp.models import HeaderFile, MessageTemplate, WhatsAppNumber, outbound_models
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate
from whatsapp.sending.outcomes import NUMBER_RETRY_INTERVAL, upload_delay
from whatsapp.template_parameters import FILE, MEDIA, SentFile, parts_of

logger = logging.getLogger(__name__)

#: Longer than the upload of a file may take (graph.requests.FILE_TIMEOUT) with the calls around it.
LEASE = timedelta(minutes=5)

#: After this time it is uploaded again, before Meta forgets it, or deleted when nothing needs it any more.
RENEWAL_INTERVAL = timedelta(days=25)

#: How long a file is kept that nothing names any more.
RETENTION = timedelta(days=60)

#: Meta's codes for a file that it does not have, or no longer. A file uploaded lately is not at fault.
LOST_CODES = (100, 131009, 131052, 131053)
MIN_AGE_OF_LOST = timedelta(hours=1)

#: How long refusals of a file's former id may come after it was uploaded again, and how often a message is sent.
MAX_ANSWER_TIME = timedelta(minutes=1)
MAX_SENDS = 5


def check_upload(upload: "UploadedFile[bytes]", key: str = "") -> MediaType:
    """The type of a file. Raises ValidationError for what no header shows, or not the one of a parameter's key."""
    head = upload.read(HEAD)
    upload.seek(0)
    media_type = recognise(upload.name or "", head, upload.size or 0)
    if media_type.kind not in MEDIA:
        raise ValidationError(_("Choose a picture, a film or a document."), code="media_type")
    if key and f"header.{media_type.kind}" != key:
        text = _("“%(name)s” does not fit: the template shows another kind of file.") % {"name": upload.name}
        raise ValidationError(text, code="media_type")
    return media_type


@transaction.atomic
def store(number: WhatsAppNumber, upload: "UploadedFile[bytes]") -> HeaderFile:
    """Keep a file for headers, and have it uploaded. Raises ValidationError on `file` for what no header shows."""
    try:
        media_type = check_upload(upload)
    except ValidationError as error:
        raise ValidationError({"file": error}) from error
    file = HeaderFile.objects.create(
        business_id=number.business_id,
        whatsapp_number=number,
        file=upload,
        name=_clean_name(upload.name or ""),
        kind=media_type.kind,
        mime=media_type.mime,
        size=upload.size or 0,
    )
    wake(JOB)
    return file


def _clean_name(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[-240:]


# --- What names them -------------------------------------------------------------------------------------


def ids_in(parameters: Mapping[str, str]) -> set[int]:
    """The ids of the files that parameters of a template name."""
    found = (FILE.fullmatch(str(parameters.get(f"header.{kind}", "")).strip()) for kind in MEDIA)
    return {int(match[1]) for match in found if match}


def check(number: WhatsAppNumber, template: MessageTemplate, parameters: Mapping[str, str]) -> None:
    """Raise ValidationError on `parameters` when they name a file that is not there, or not of the header's kind."""
    ids = ids_in(parameters)
    files = HeaderFile.objects.filter(whatsapp_number=number).in_bulk(ids) if ids else {}
    for pk in ids:
        kinds = {str(part.get("format", "")).lower() for part in parts_of(template) if part.get("type") == "HEADER"}
        if pk not in files:
            text = _("This number has no such file. Upload it first.")
        elif files[pk].kind not in kinds:
            text = _("“%(name)s” does not fit: the template shows another kind of file.") % {"name": files[pk].name}
        elif files[pk].refused_at:
            text = files[pk].problem
        else:
            continue
        raise ValidationError({"parameters": [text]}, code="header_file")


def readable(parameters: Mapping[str, str], number_id: int) -> dict[str, str]:
    """Parameters with the names of files in the place of their references, for people."""
    ids = ids_in(parameters)
    if not ids:
        return dict(parameters)
    files = HeaderFile.objects.filter(pk__in=ids, whatsapp_number=number_id)
    names = {file.reference: file.name for file in files}
    return {key: names.get(value, value) for key, value in parameters.items()}


def use(number: WhatsAppNumber, ids: Collection[int]) -> bool:
    """
    Note that something is to be sent with files, and have those uploaded that Meta no longer has. Returns whether Meta
    has all of them now. Call it in the transaction that stores the message: an upload is settled after that.
    """
    now = timezone.now()
    files = list(HeaderFile.objects.select_for_update().filter(pk__in=ids, whatsapp_number=number).order_by("pk"))
    HeaderFile.objects.filter(pk__in=[file.pk for file in files]).update(used_at=now)
    return not _upload_soon([file for file in files if not file.is_at_meta(now)])


def _upload_soon(files: Iterable[HeaderFile]) -> bool:
    """Have files uploaded. Returns whether there are any."""
    pks = [file.pk for file in files]
    if pks:
        HeaderFile.objects.filter(pk__in=pks).update(meta_id="", due_at=timezone.now(), attempts=0)
        wake(JOB)
    return bool(pks)


def at_meta(ids: Iterable[int], number_id: int) -> dict[int, SentFile]:
    """Those of a number's files that Meta has, by id, as they are sent."""
    wanted = list(ids)
    files = HeaderFile.objects.filter(pk__in=wanted, whatsapp_number=number_id) if wanted else []
    return {file.pk: SentFile(file.meta_id, file.name) for file in files if file.is_at_meta()}


def renew(number: WhatsAppNumber, ids: Iterable[int]) -> set[int]:
    """
    Have files uploaded again that Meta says it does not have. Returns the ids of those with which messages may be sent
    again: also of those that have been renewed a moment ago. Call it in a transaction with what is done about these.
    """
    now = timezone.now()
    files = HeaderFile.objects.select_for_update().filter(pk__in=list(ids), whatsapp_number=number).order_by("pk")
    found = list(files)
    lost = [file for file in found if not file.uploaded_at or file.uploaded_at < now - MIN_AGE_OF_LOST]
    _upload_soon(lost)
    return {file.pk for file in found if file in lost or _is_just_renewed(file, now)}


def _is_just_renewed(file: HeaderFile, now: datetime) -> bool:
    is_just_uploaded = bool(file.uploaded_at and file.uploaded_at > now - MAX_ANSWER_TIME)
    return is_just_uploaded and file.created_at < now - MIN_AGE_OF_LOST


# --- To Meta ---------------------------------------------------------------------------------------------


def work(file: HeaderFile, seconds: float) -> bool:
    """Upload a claimed file, delete it when nothing needs it, or write down why not and when it is tried again."""
    number = file.whatsapp_number
    if not _is_needed(file) and (file.meta_id or _is_old(file)):
        _keep_or_delete(file)
        return False
    with translation.override(number.business.language):
        try:
            _upload(file, number)
        except CloudApiTrouble as trouble:
            _settle_failure(file, number, trouble)
        except UnreadableSecret:
            send_gate.note_unreadable(number.pk)
            problem = _("The saved token cannot be read: enter it again.")
            JOB.come_back(file, timezone.now() + NUMBER_RETRY_INTERVAL, problem=problem)
        except FileNotFoundError as error:
            _settle_failure(file, number, FileNotPassed(str(error)), is_final=True)
    return False


def _is_needed(file: HeaderFile) -> bool:
    return any(model.needs_file(file) for model in outbound_models())


def _is_old(file: HeaderFile) -> bool:
    return file.used_at + RETENTION <= timezone.now()


def _keep_or_delete(file: HeaderFile) -> None:
    """A file that nothing needs now is kept for a while, since a program may name it again."""
    if not _is_old(file):
        JOB.come_back(file, file.used_at + RETENTION)
        return
    with transaction.atomic():
        stored_files.remove_with(HeaderFile.objects.filter(pk=file.pk))
        HeaderFile.objects.filter(pk=file.pk).delete()


def _upload(file: HeaderFile, number: WhatsAppNumber) -> None:
    if send_gate.is_stopped(number):
        JOB.come_back(file, timezone.now() + NUMBER_RETRY_INTERVAL, problem=number.problem)
        return
    with file.file.open("rb") as content:
        api = CloudApi(number.access_token)
        meta_id = api.upload(number.phone_number_id, cast(BinaryIO, content), file.size, file.mime, file.name)
    now = timezone.now()
    with transaction.atomic():
        uploaded = {"meta_id": meta_id, "uploaded_at": now, "problem": "", "refused_at": None}
        JOB.come_back(file, now + RENEWAL_INTERVAL, **uploaded)
        for model in outbound_models():
            model.file_uploaded(file)


def _settle_failure(
    file: HeaderFile, number: WhatsAppNumber, trouble: CloudApiTrouble, is_final: bool = False
) -> None:
    """Try again later, or stop what needs the file."""
    send_gate.react(number, trouble)
    delay = None if is_final else upload_delay(trouble, file.attempts)
    if delay is not None:
        JOB.come_back(file, timezone.now() + delay, problem=str(trouble)[:500], attempts=file.attempts)
        return
    reason = _("Meta did not take the file “%(name)s”: %(why)s") % {"name": file.name, "why": trouble}
    with transaction.atomic():
        now = timezone.now()
        JOB.come_back(file, now + RETENTION, problem=reason[:500], refused_at=now)
        for model in outbound_models():
            model.file_refused(file, reason)


def _of_numbers_that_may_send(files: QuerySet[HeaderFile]) -> QuerySet[HeaderFile]:
    return files.filter(whatsapp_number__in=WhatsAppNumber.objects.that_may_send())


JOB = Job(
    name="upload files of templates",
    model=HeaderFile,
    work=work,
    queue="media",
    lease=LEASE,
    claimable=_of_numbers_that_may_send,
    # One that Meta does not take stops what needs it.
    given_up=HeaderFile.objects.none,
)
