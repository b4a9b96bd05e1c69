"""The files of messages: which are to be fetched from Meta, and which to be uploaded."""

import re
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone

from accounts.jobs.tasks import wake
from crm.models import MediaFile, Message
from crm.models.message import MEDIA_TYPES

from . import transfers

#: How long a file that we uploaded may be sent: Meta keeps it for 30 days (Cloud API, "Media").
UPLOAD_RETENTION = timedelta(days=29)

META_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

MIME = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def schedule_fetch(message: Message) -> None:
    """Have the file of a message that came by webhook fetched from Meta, if it has one."""
    body = message.content.get(message.type)
    if message.type not in MEDIA_TYPES or not isinstance(body, dict):
        return
    meta_id = body.get("id")
    if not (isinstance(meta_id, str) and META_ID.fullmatch(meta_id)):
        return
    MediaFile.objects.create(
        business_id=message.business_id,
        message=message,
        meta_id=meta_id,
        name=clean_name(body.get("filename")),
        mime=_clean_mime(body.get("mime_type")),
        due_at=timezone.now(),
    )
    wake(transfers.JOB)


def attach(message: Message, upload: UploadedFile, mime: str) -> None:
    """Store the file of a message of ours, and have it uploaded to Meta."""
    MediaFile.objects.create(
        business_id=message.business_id,
        message=message,
        state=MediaFile.State.STORED,
        file=upload,
        name=clean_name(upload.name),
        mime=mime,
        size=upload.size or 0,
        due_at=timezone.now(),
    )
    wake(transfers.JOB)


def cancel_uploads() -> None:
    """
    Upload none of the files that wait: for a restored database. One of these goes to Meta when somebody sends its
    message again.
    """
    MediaFile.objects.filter(state=MediaFile.State.STORED, due_at__isnull=False).update(due_at=None)


def ensure_uploaded(message: Message) -> None:
    """Have the file of a message that is sent again uploaded, unless Meta has it and keeps it for now."""
    never_or_long_ago = Q(uploaded_at__isnull=True) | Q(uploaded_at__lt=timezone.now() - UPLOAD_RETENTION)
    missing = MediaFile.objects.filter(never_or_long_ago, message=message)
    if missing.update(due_at=timezone.now(), attempts=0):
        Message.objects.filter(pk=message.pk).update(due_at=MediaFile.NOT_UPLOADED)
        wake(transfers.JOB)


def clean_name(name: Any) -> str:
    """The last part of a file's name, without characters that cannot be printed; empty for what is no name."""
    name = re.split(r"[/\\]", name)[-1] if isinstance(name, str) else ""
    name = "".join(character for character in name if character.isprintable()).strip(" .")
    return name[-255:]


def _clean_mime(mime: Any) -> str:
    """A MIME type without its parameters; empty for what is none."""
    mime = mime.partition(";")[0].strip().lower() if isinstance(mime, str) else ""
    return mime if len(mime) <= 100 and MIME.fullmatch(mime) else ""
