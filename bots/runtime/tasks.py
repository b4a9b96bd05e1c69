"""What runs in workers. Each may be called twice, or be lost: the ticks find what is due in the database."""

import logging
from datetime import timedelta

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from accounts.database.outages import is_outage
from accounts.jobs.after_commit import gathering
from crm.models import Message

from . import turns

logger = logging.getLogger(__name__)

#: A message that waits this long was lost by the broker.
_LOST_AFTER = timedelta(seconds=2)
_BATCH = 500


@shared_task
def take_turns(conversation_id: int) -> None:
    with gathering():
        turns.take_turns(conversation_id)


@shared_task
def take_due_turns() -> dict[str, int]:
    """Take the turns of conversations whose messages nobody looks at."""
    lost = (
        Message.objects.filter(
            direction=Message.Direction.IN,
            automated_at__isnull=True,
            created_at__lt=timezone.now() - _LOST_AFTER,
        )
        .order_by("conversation_id")
        .values_list("conversation_id", flat=True)
        .distinct()
    )
    return {"taken": sum(map(_take_lost, lost[:_BATCH]))}


def _take_lost(conversation_id: int) -> int:
    """Trouble with one conversation leaves it for the next tick; the others continue."""
    try:
        return turns.take_turns(conversation_id)
    except OperationalError as error:
        if is_outage(error):
            raise
        logger.exception("The turns of conversation %s wait for the next tick.", conversation_id)
        return 0
