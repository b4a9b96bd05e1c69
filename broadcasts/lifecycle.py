"""
A broadcast from its start to its end. Every move is one guarded UPDATE (Broadcast.move), so that of two tabs that
press the same button one moves it, and the other finds it moved.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from whatsapp.message_templates import header_files
from whatsapp.message_templates.availability import check_usable
from whatsapp.numbers.numbers import check_may_send_from
from whatsapp.sending import ledger

from . import dispatch, recipients
from .models import Broadcast, BroadcastMessage

Status = Broadcast.Status

STARTED = (Status.SCHEDULED, Status.SENDING, Status.PAUSED, Status.DONE)

#: A broadcast that is later than this is not sent by itself any more.
MAX_DELAY = timedelta(hours=1)

#: What sending wrote into a row, taken back.
UNSENT = {
    "status": BroadcastMessage.Status.PLANNED,
    "token": None,
    "wamid": None,
    "lease_until": None,
    "due_at": None,
    "attempts": 0,
    "error_code": None,
    "error_title": "",
    "accepted_at": None,
    "sent_at": None,
    "delivered_at": None,
    "read_at": None,
    "pricing_category": None,
    "pricing_type": None,
    "pricing_billable": None,
    "pricing_model": None,
    "recipient_country": None,
}


@transaction.atomic
def start(broadcast: Broadcast) -> None:
    """
    Approve the plan: it is sent now, or at its time. Without effect when it has been started. Raises Refusal for a
    broadcast without a complete plan, a cancelled one, one that is not of the revision that was expected, and where
    nothing may be sent.
    """
    broadcast.refresh_from_db()
    if not _begin_sending(broadcast, since=[Status.PLANNED]):
        if broadcast.status not in STARTED:
            raise _not_startable(broadcast)
        return
    broadcast.expect(broadcast.expected_revision)
    if not broadcast.messages.filter(status=BroadcastMessage.Status.PLANNED).exists():
        raise Refusal("nobody_left", _("There is nobody to send this broadcast to: everybody was left out."))
    recipients.check_limit(broadcast.business)


def _begin_sending(broadcast: Broadcast, since: Collection[Status]) -> bool:
    """To `sending`, or to `scheduled` when its time is still to come. Returns whether it was moved."""
    now = timezone.now()
    if not broadcast.started_at and broadcast.scheduled_at and broadcast.scheduled_at > now:
        moved = broadcast.move(Status.SCHEDULED, since=since, paused_reason="")
    else:
        moved = _send(broadcast, since)
    if moved:
        _check_may_be_sent(broadcast)
    return moved


def _send(broadcast: Broadcast, since: Collection[Status]) -> bool:
    started_at = Coalesce("started_at", Value(timezone.now()))
    moved = broadcast.move(Status.SENDING, since=since, paused_reason="", started_at=started_at, finished_at=None)
    if moved:
        dispatch.send(broadcast.whatsapp_number_id)
    return moved


def _check_may_be_sent(broadcast: Broadcast) -> None:
    """Raise Refusal, which takes the move back, when nothing of the broadcast may be sent."""
    check_may_send_from(broadcast.whatsapp_number)
    try:
        check_usable(broadcast.template, broadcast.whatsapp_number)
    except ValidationError as error:
        raise Refusal("template_not_usable", " ".join(error.messages)) from error
    if files := header_files.ids_in(broadcast.parameters):
        header_files.use(broadcast.whatsapp_number, files)


def _not_startable(broadcast: Broadcast) -> Refusal:
    if broadcast.status == Status.PLANNING:
        return Refusal("still_planning", _("The plan is still being made. Start when it is complete."))
    if broadcast.status == Status.CANCELLED:
        return Refusal("cancelled", _("This broadcast was cancelled. Make a new one."))
    return Refusal("not_planned", _("Plan the broadcast first, and look at who receives it."))


def pause(broadcast: Broadcast, user: User) -> None:
    """Send no more until somebody resumes. Without effect when it is paused."""
    with translation.override(broadcast.business.language):
        reason = _("Paused by %(name)s.") % {"name": user}
    moved = broadcast.move(Status.PAUSED, since=[Status.SENDING, Status.SCHEDULED], paused_reason=reason[:500])
    if not moved and broadcast.status != Status.PAUSED:
        raise Refusal("not_sending", _("Only a broadcast that is being sent or is scheduled can be paused."))


@transaction.atomic
def resume(broadcast: Broadcast) -> None:
    """Continue a paused broadcast. Without effect when it is being sent or scheduled."""
    broadcast.refresh_from_db()
    moved = _begin_sending(broadcast, since=[Status.PAUSED])
    if not moved and broadcast.status not in (Status.SENDING, Status.SCHEDULED):
        raise Refusal("not_paused", _("Only a paused broadcast can be resumed."))


@transaction.atomic
def cancel(broadcast: Broadcast) -> None:
    """End it: whoever has not been written to is skipped. Without effect when it is cancelled."""
    since = [Status.PLANNING, Status.PLANNED, Status.SCHEDULED, Status.SENDING, Status.PAUSED]
    moved = broadcast.move(Status.CANCELLED, since=since, finished_at=timezone.now(), paused_reason="")
    if not moved and broadcast.status == Status.DRAFT:
        raise Refusal("not_planned", _("A draft is not cancelled but deleted."))
    if not moved and broadcast.status == Status.DONE:
        raise Refusal("already_done", _("This broadcast has been sent to everybody already."))
    if broadcast.status == Status.CANCELLED:
        _skip_planned([broadcast.pk])


def skip_cancelled() -> int:
    """What was under way when its broadcast was cancelled, and came back to be sent later, is skipped."""
    planned = BroadcastMessage.objects.filter(broadcast=OuterRef("pk"), status=BroadcastMessage.Status.PLANNED)
    cancelled = Broadcast.objects.filter(Exists(planned), status=Status.CANCELLED)
    return _skip_planned(list(cancelled.values_list("pk", flat=True)))


def _skip_planned(broadcasts: Iterable[int]) -> int:
    planned = BroadcastMessage.objects.filter(broadcast__in=broadcasts, status=BroadcastMessage.Status.PLANNED)
    return planned.update(
        status=BroadcastMessage.Status.SKIPPED, skip_reason=BroadcastMessage.SkipReason.CANCELLED, due_at=None
    )


@transaction.atomic
def retry_failed(broadcast: Broadcast) -> None:
    """Send again to those to whom it failed. Raises Refusal when there are none, and while it is not sent."""
    if not _send(broadcast, since=[Status.DONE, Status.SENDING]):
        raise Refusal("not_done", _("Failed messages are sent again when the broadcast is done or being sent."))
    if not broadcast.messages.filter(status=BroadcastMessage.Status.FAILED).update(**UNSENT):
        raise Refusal("nothing_failed", _("No message of this broadcast has failed."))
    _check_may_be_sent(broadcast)
    recipients.check_limit(broadcast.business)


@transaction.atomic
def send_again(message: BroadcastMessage) -> None:
    """A person says that a message of which it is unknown whether it went out is sent again; it may arrive twice."""
    broadcast = message.broadcast
    check_may_send_from(message.whatsapp_number)
    if broadcast.status == Status.CANCELLED:
        raise _not_startable(broadcast)
    ledger.send_again(message)
    _send(broadcast, since=[Status.DONE, Status.SENDING])


@transaction.atomic
def send_unknown_again(broadcast: Broadcast) -> None:
    """A person says so of all of whom it is unknown whether it went out to them; to some it may arrive twice."""
    if broadcast.status == Status.CANCELLED:
        raise _not_startable(broadcast)
    if not _unknown_of(broadcast).update(**UNSENT):
        raise _nothing_unknown()
    _send(broadcast, since=[Status.DONE, Status.SENDING])
    _check_may_be_sent(broadcast)


def count_unknown_as_sent(broadcast: Broadcast) -> None:
    """A person says that it did go out to all of whom that is unknown."""
    sent = {"status": BroadcastMessage.Status.SENT, "sent_at": timezone.now(), "error_code": None, "error_title": ""}
    if not _unknown_of(broadcast).update(**sent):
        raise _nothing_unknown()


def _unknown_of(broadcast: Broadcast) -> QuerySet[BroadcastMessage]:
    return broadcast.messages.filter(status=BroadcastMessage.Status.UNKNOWN)


def _nothing_unknown() -> Refusal:
    return Refusal("not_unknown", _("What became of these messages is known by now."))


def start_due() -> int:
    """Start what is scheduled for now; returns how many. What cannot start is paused with the reason."""
    now = timezone.now()
    due = Broadcast.objects.filter(status=Status.SCHEDULED, scheduled_at__lte=now).select_related("business")
    started = 0
    for broadcast in due:
        with translation.override(broadcast.business.language):
            assert broadcast.scheduled_at
            started += _start_or_pause(broadcast, delay=now - broadcast.scheduled_at)
    return started


def _start_or_pause(broadcast: Broadcast, delay: timedelta) -> bool:
    if delay > MAX_DELAY:
        reason = _("Its time passed while the service was not running. Resume to send it now, or cancel it.")
        broadcast.move(Status.PAUSED, since=[Status.SCHEDULED], paused_reason=reason)
        return False
    try:
        with transaction.atomic():
            return _begin_sending(broadcast, since=[Status.SCHEDULED])
    except Refusal as refusal:
        broadcast.move(Status.PAUSED, since=[Status.SCHEDULED], paused_reason=str(refusal)[:500])
        return False


def pause_restored(made_at: datetime) -> None:
    """
    In a database restored as it was at `made_at`: nothing is sent by itself, and whoever had not been written to by
    then may have been since, unless the broadcast's time is still to come. Only a person can have those sent again.
    """
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            _pause_restored(Broadcast.objects.filter(business__language=language), made_at)


def _pause_restored(broadcasts: QuerySet[Broadcast], made_at: datetime) -> None:
    time = {"time": date_format(timezone.localtime(made_at), "SHORT_DATETIME_FORMAT")}
    started = broadcasts.filter(status__in=[Status.SCHEDULED, Status.SENDING, Status.PAUSED])
    to_come = started.filter(started_at=None, scheduled_at__gt=timezone.now())
    reason = _("Restored from a backup of %(time)s. Resume to have it sent at its time.") % time
    started_before = started.exclude(pk__in=list(to_come.values_list("pk", flat=True)))
    to_come.update(status=Status.PAUSED, paused_reason=reason, stopped_by="")
    BroadcastMessage.objects.filter(broadcast__in=started_before, status=BroadcastMessage.Status.PLANNED).update(
        status=BroadcastMessage.Status.UNKNOWN, due_at=None, error_title=_("Restored from a backup.")
    )
    reason = _(
        "Restored from a backup of %(time)s. Whoever had not been written to by then may have been since, so that is"
        " unknown. Decide whether they count as sent or are sent again, then resume."
    )
    started_before.update(status=Status.PAUSED, paused_reason=reason % time, stopped_by="")
    reason = _("Restored from a backup of %(time)s. If it was started after that, it has been sent already.") % time
    broadcasts.filter(status__in=[Status.DRAFT, Status.PLANNING, Status.PLANNED]).update(paused_reason=reason)
