"""
Writes the files of ConversationExport in slices of some seconds. The row says how far its file is: the worker that
continues cuts off what came after. The file of a worker whose lease ran out is begun anew under another name, since
that worker may still be writing to it.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone, translation

from accounts.deletion import stored_files
from accounts.jobs.job import Job
from crm.models import ConversationExport

from .export_writer import ExportWriter

#: How long a worker has until it saves again how far the file is.
LEASE = timedelta(minutes=1)
CHECKPOINT_INTERVAL = timedelta(seconds=1)

RETENTION = timedelta(days=7)

_BEGINNING = {"conversations": 0, "done": 0, "position": 0, "size": 0}


def work(export: ConversationExport, seconds: float) -> bool:
    """Write more of a claimed file, for some seconds or to its end. Returns whether more is left."""
    _begin_anew_if_needed(export)
    number = export.whatsapp_number
    language = getattr(export.requested_by, "language", "") or number.business.language
    with translation.override(language), stored_files.appending(export.file.name or "", export.size) as file:
        return _write(export, file, seconds)


def _begin_anew_if_needed(export: ConversationExport) -> None:
    """A new file, when another worker may still write to this one, an attempt failed, or the file is not whole."""
    old_name = export.file.name or ""
    is_whole = stored_files.size_of(old_name) >= max(export.size, 1)
    if is_whole and not (export.was_cut_off or export.last_error):
        return
    JOB.write(export, **_BEGINNING, file=stored_files.random_name(export))
    export.refresh_from_db(fields=[*_BEGINNING, "file"])
    if old_name:
        stored_files.remove([old_name])


def _write(export: ConversationExport, file: BinaryIO, seconds: float) -> bool:
    writer = ExportWriter(
        export.whatsapp_number,
        export.format,
        moment=export.created_at,
        position=export.position,
        conversations=export.conversations,
        messages=export.done,
    )
    deadline = time.monotonic() + seconds
    if not export.size:
        file.write(writer.head().encode())
    for part in writer.parts():
        _write_part(export, file, part)
        if time.monotonic() >= deadline:
            JOB.write(export, **_progress(file, writer))
            return True
        if _leased_for(export) > CHECKPOINT_INTERVAL:
            JOB.extend(export, **_progress(file, writer))
    file.write(writer.total().encode())
    _finish(export, writer, _progress(file, writer))
    return False


def _write_part(export: ConversationExport, file: BinaryIO, pieces: Iterable[str]) -> None:
    for piece in pieces:
        file.write(piece.encode())
        if _leased_for(export) > LEASE / 2:
            JOB.extend(export)


def _leased_for(export: ConversationExport) -> timedelta:
    """How much of the lease is over."""
    assert export.lease_until is not None
    return LEASE - (export.lease_until - timezone.now())


def _progress(file: BinaryIO, writer: ExportWriter) -> dict[str, Any]:
    stored_files.settle(file)
    return {
        "size": file.tell(),
        "position": writer.position,
        "conversations": writer.conversations,
        "done": writer.messages,
    }


@transaction.atomic
def _finish(export: ConversationExport, writer: ExportWriter, progress: dict[str, Any]) -> None:
    JOB.finish(export, **progress, finished_at=timezone.now())
    writer.note_exported()


JOB = Job(
    name="export conversations",
    model=ConversationExport,
    work=work,
    queue="files",
    lease=LEASE,
    # After an error, like a full disk.
    delays=(timedelta(minutes=1), timedelta(minutes=10)),
    # Without those of a number that is being deleted.
    rows=ConversationExport.objects.unfinished,
    retention=RETENTION,
    before_delete=stored_files.remove_with,
)
