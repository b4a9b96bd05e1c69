"""Sending what is planned: whatsapp.sending.delivery drains the rows of the broadcasts that are `sending`."""

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from whatsapp.sending.tasks import deliver_bulk

from .models import Broadcast, BroadcastMessage

Status = BroadcastMessage.Status


def send(number_id: int) -> None:
    """Let a worker send what is due of a number's broadcasts, once the transaction is committed."""
    deliver_bulk.delay_on_commit(BroadcastMessage._meta.label, number_id)  # type: ignore[attr-defined]


@transaction.atomic
def finish() -> int:
    """
    Broadcasts without a recipient who waits or is under way are done, whatever is unknown. Returns how many there are.
    """
    open_messages = BroadcastMessage.objects.filter(
        broadcast=OuterRef("pk"), status__in=[Status.PLANNED, Status.SENDING]
    )
    over = Broadcast.objects.filter(~Exists(open_messages), status=Broadcast.Status.SENDING)
    # Locked, then looked at again: somebody may be planning messages anew (lifecycle.retry_failed) at this moment.
    locked = list(over.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
    return over.filter(pk__in=locked).update(status=Broadcast.Status.DONE, finished_at=timezone.now())
