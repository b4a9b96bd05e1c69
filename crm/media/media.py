"""The files of messages: which are to be fetched, and which to be uploaded."""

import re
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.jobs.tasks import wake
from crm.models import MediaFile, Message
from crm.models.message import MEDIA_TYPES

from . import transfers

#: Meta knows what was uploaded for 30 days.
META_KNOWS = timedelta(days=29)

META_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

MIME = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def expect(message):
    """Note that the file of a message that came in is to be fetched, if it has one."""
    body = message.content.get(message.type)
    meta_id = body.get("id") if message.type in MEDIA_TYPES and isinstance(body, dict) else None
    if not (isinstance(meta_id, str) and META_ID.fullmatch(meta_id)):
        return
    MediaFile.objects.create(
        business_id=message.business_id,
        message=message,
        meta_id=meta_id,
        name=clean_name(body.get("filename")),
        mime=clean_mime(body.get("mime_type")),
        due_at=timezone.now(),
    )
    wake(transfers.JOB)


def attach(message, upload, mime):
    """Store the file that a message of ours carries, and note that it is to be uploaded."""
    MediaFile.objects.create(
        business_id=message.business_id,
        message=message,
        state=MediaFile.State.STORED,
        file=upload,
        name=clean_name(upload.name),
        mime=mime,
        size=upload.size,
        due_at=timezone.now(),
    )
    wake(transfers.JOB)


def upload_nothing():
    """For a database from a backup: a file of ours goes to Meta again when somebody sends its message again."""
    MediaFile.objects.filter(message__direction=Message.Direction.OUT, due_at__isnull=False).update(due_at=None)


def keep_at_meta(message):
    """Before a message is sent again: have its file uploaded if Meta has not got it, or may have forgotten it."""
    never_or_long_ago = Q(uploaded_at__isnull=True) | Q(uploaded_at__lt=timezone.now() - META_KNOWS)
    missing = MediaFile.objects.filter(never_or_long_ago, message=message)
    if missing.update(due_at=timezone.now(), attempts=0):
        Message.objects.filter(pk=message.pk).update(due_at=MediaFile.NOT_UPLOADED)
        wake(transfers.JOB)


def clean_name(name):
    """The last part of a file's name, without what is no letter of one."""
    name = re.split(r"[/\\]", name)[-1] if isinstance(name, str) else ""
    name = "".join(letter for letter in name if letter.isprintable()).strip(" .")
    return name[-255:]


def clean_mime(mime):
    """A MIME type without its parameters; empty for what is none."""
    mime = mime.partition(";")[0].strip().lower() if isinstance(mime, str) else ""
    return mime if len(mime) <= 100 and MIME.fullmatch(mime) else ""
