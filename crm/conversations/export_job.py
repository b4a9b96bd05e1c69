"""
Writes the files of ConversationExport in steps of some seconds. How far a file is, is written down with what is in it:
whoever goes on cuts off what came after. A file of a worker whose lease ran out is begun anew under another name,
since that worker may still be writing to it.
"""

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation

from accounts.deletion import stored_files
from accounts.jobs.leases import TakenOver, try_again, write_down
from crm.models import ConversationExport

from .exports import Export

logger = logging.getLogger(__name__)

#: How long a worker has until it says again that it is at it, which it does every CHECKPOINT seconds.
LEASE = timedelta(minutes=1)
CHECKPOINT = 1

#: When it is begun again after an error, like a full disk.
AFTER_TROUBLE = timedelta(minutes=1)

KEPT = timedelta(days=7)

BEGINNING = {"conversations": 0, "done": 0, "position": 0, "size": 0}


def go_on(export, seconds):
    """
    Write more of a file, for some seconds or to its end; one worker at a time. Returns whether we could go on at once.
    """
    if not _claim(export):
        return False
    number = export.whatsapp_number
    language = getattr(export.requested_by, "language", "") or number.business.language
    try:
        with translation.override(language), stored_files.going_on(export.file.name, export.size) as file:
            return _write(export, file, seconds)
    except TakenOver:
        return False
    except Exception as error:
        logger.exception("The export %s stopped, and is begun again.", export.pk)
        try_again(export, AFTER_TROUBLE, error)
        return False


def give_back_abandoned():
    """Make all files due where they are, for a process that starts as the only one on this database."""
    return ConversationExport.objects.unfinished().update(lease_until=None)


def _claim(export):
    export.refresh_from_db()
    left_by, old_name = export.lease_until, export.file.name
    news = {"lease_until": timezone.now() + LEASE}
    if left_by or stored_files.size_of(old_name) < max(export.size, 1):
        news |= {**BEGINNING, "file": stored_files.random_name(export)}
    if not ConversationExport.objects.due().filter(pk=export.pk, lease_until=left_by).update(**news):
        return False
    export.refresh_from_db()
    if old_name and old_name != export.file.name:
        stored_files.remove([old_name])
    return True


def _write(export, file, seconds):
    out = Export(
        export.whatsapp_number,
        export.format,
        moment=export.created_at,
        position=export.position,
        conversations=export.conversations,
        messages=export.done,
    )
    enough = time.monotonic() + seconds
    if not export.size:
        file.write(out.head().encode())
    for part in out.parts():
        _write_part(export, file, part)
        if time.monotonic() >= enough:
            _write_down(export, **_how_far(file, out), lease_until=None)
            return True
        if _is_time(export):
            _write_down(export, **_how_far(file, out), lease_until=timezone.now() + LEASE)
    file.write(out.total().encode())
    _finish(export, out, _how_far(file, out))
    return False


def _write_part(export, file, pieces):
    for piece in pieces:
        file.write(piece.encode())
        if timezone.now() > export.lease_until - LEASE / 2:
            _write_down(export, lease_until=timezone.now() + LEASE)


def _is_time(export):
    return timezone.now() > export.lease_until - LEASE + timedelta(seconds=CHECKPOINT)


def _how_far(file, out):
    stored_files.settle(file)
    return {
        "size": file.tell(),
        "position": out.position,
        "conversations": out.conversations,
        "done": out.messages,
    }


@transaction.atomic
def _finish(export, out, how_far):
    _write_down(export, **how_far, lease_until=None, last_error="", finished_at=timezone.now())
    out.note()


def _write_down(export, **news):
    """Raises TakenOver, also when the number is being deleted."""
    write_down(export, within=ConversationExport.objects.unfinished(), **news)


@transaction.atomic
def forget_old():
    """Remove files that were asked for over a week ago. Returns how many."""
    old = ConversationExport.objects.filter(created_at__lt=timezone.now() - KEPT)
    stored_files.remove_with(old)
    return old.delete()[0]
