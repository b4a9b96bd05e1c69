"""
Messages for later. Each becomes a message at its time, in the transaction that settles its row: once, whatever is
killed when. What is refused then is given up with the reason, and its conversation waits for a person.
"""

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.jobs.job import Job
from accounts.jobs.tasks import wake
from accounts.models import User
from accounts.refusals import Refusal
from crm.models import Conversation, Message, ScheduledMessage
from whatsapp.message_templates import header_files
from whatsapp.message_templates.availability import check_parameters, check_usable
from whatsapp.models import MessageTemplate
from whatsapp.numbers.numbers import check_may_send_from

from . import conversations, outbox

State = ScheduledMessage.State

#: How long a worker holds a row.
LEASE = timedelta(minutes=1)

#: How far ahead one may write.
MAX_AHEAD = timedelta(days=366)

RETENTION = timedelta(days=90)


@transaction.atomic
def schedule(
    conversation: Conversation,
    author: User | None,
    send_at: datetime,
    *,
    text: str = "",
    template: MessageTemplate | None = None,
    parameters: Mapping[str, str] | None = None,
    reply_to: Message | None = None,
    origin: str = Message.Origin.PERSON,
    pause_bot: bool = True,
    cancel_if_customer_writes: bool = False,
) -> ScheduledMessage:
    """
    Have a text, or a filled-in template, go out at a time. Raises ValidationError on `send_at`, and on what
    `outbox.write` raises it on; and Refusal when it could not be sent then as things stand now.
    """
    _check_time(send_at)
    check_may_send_from(conversation.whatsapp_number)
    if reply_to:
        outbox.wamid_of(conversation, reply_to, "reply_to")
    if template:
        text = _template_text(conversation, template, parameters or {})
    else:
        text = outbox.clean_text(text)
        _check_window(conversation, send_at)
    row = ScheduledMessage.objects.create(
        business_id=conversation.business_id,
        conversation=conversation,
        author=author,
        origin=origin,
        send_at=send_at,
        due_at=send_at,
        text=text,
        is_template=template is not None,
        template=template,
        parameters=dict(parameters or {}) if template else {},
        reply_to=reply_to,
        pauses_bot=pause_bot,
        cancel_if_customer_writes=cancel_if_customer_writes,
        inbound_count=conversation.inbound_count,
    )
    conversations.change(conversation)
    return row


def _check_time(send_at: datetime) -> None:
    now = timezone.now()
    if send_at <= now:
        sentence = _("This time has passed. Choose a later one.")
        raise ValidationError({"send_at": sentence}, code="passed")
    if send_at > now + MAX_AHEAD:
        raise ValidationError({"send_at": _("Choose a time within a year.")}, code="too_late")


def _check_window(conversation: Conversation, send_at: datetime) -> None:
    closes_at = conversation.window_closes_at
    if closes_at is None or send_at >= closes_at:
        time = date_format(timezone.localtime(closes_at), "j E, H:i") if closes_at else ""
        sentence = _("WhatsApp allows free text until %(time)s. Choose an earlier time, or a template.")
        if not closes_at or closes_at <= timezone.now():
            sentence = _("WhatsApp allows no free text now: choose a template.")
        raise Refusal("window_closed", sentence % {"time": time}, status=400)


def _template_text(conversation: Conversation, template: MessageTemplate, parameters: Mapping[str, str]) -> str:
    number = conversation.whatsapp_number
    check_usable(template, number)
    check_parameters(template, parameters)
    header_files.check(number, template, parameters)
    return template.filled_in(parameters)


@transaction.atomic
def cancel(row: ScheduledMessage) -> None:
    """Have it never go out. Raises Refusal when it is settled."""
    _change(row, [State.WAITING, State.FAILED], state=State.CANCELLED, due_at=None, finished_at=timezone.now())


@transaction.atomic
def send_now(row: ScheduledMessage) -> None:
    """Have it go out at once, also one that was refused then. Raises Refusal when it is settled."""
    now = timezone.now()
    _change(
        row,
        [State.WAITING, State.FAILED],
        state=State.WAITING,
        send_at=now,
        due_at=now,
        finished_at=None,
        problem="",
        # Whoever says so has seen what the customer wrote.
        cancel_if_customer_writes=False,
    )
    wake(JOB)


def _change(row: ScheduledMessage, states: list[State], **changes: Any) -> None:
    """Raises Refusal when the row is in none of these states any more."""
    rows = ScheduledMessage.objects.filter(pk=row.pk, state__in=states)
    if not rows.update(**changes, lease_until=None, attempts=0, last_error=""):
        raise Refusal("settled", gettext_lazy("This message was sent or cancelled meanwhile."))
    row.refresh_from_db()
    conversations.change(row.conversation)


def hold_restored() -> None:
    """In a restored database: what was to go out may have gone since, so that it waits for a person."""
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reason = _("Restored from a backup: it may have been sent since. Look, then send or cancel it.")
            waiting = ScheduledMessage.objects.filter(business__language=language, state=State.WAITING)
            waiting.update(state=State.FAILED, problem=reason, due_at=None, lease_until=None)


def work(row: ScheduledMessage, seconds: float) -> bool:
    """Send a claimed row, or give it up with the reason."""
    try:
        # What this says of the row is undone with it.
        _settle(copy(row))
    except (Refusal, ValidationError) as refusal:
        _refuse(row, refusal)
    return False


@transaction.atomic
def _settle(row: ScheduledMessage) -> None:
    # Raises TakenOver for what was cancelled or taken over meanwhile, so that nothing below is done twice.
    JOB.extend(row)
    conversation = _locked(row)
    wrote = conversation.inbound_count > row.inbound_count
    is_cancelled = row.cancel_if_customer_writes and wrote
    JOB.finish(row, state=State.CANCELLED if is_cancelled else State.SENT, finished_at=timezone.now())
    if is_cancelled:
        conversations.change(conversation)
        return
    if wrote:
        # What they wrote since was not read by whoever wrote this: it waits on.
        conversation.waiting_since = None
    if row.is_template and row.template is None:
        raise Refusal("template_gone", gettext_lazy("The template was deleted."))
    outbox.write(
        conversation,
        row.author,
        text="" if row.is_template else row.text,
        template=row.template,
        parameters=row.parameters,
        origin=row.origin,
        pause_bot=row.pauses_bot,
        reply_to=row.reply_to,
    )


def _locked(row: ScheduledMessage) -> Conversation:
    conversations_with_all = Conversation.objects.select_related("whatsapp_number__business", "customer")
    return conversations_with_all.select_for_update(of=("self",)).get(pk=row.conversation_id)


@transaction.atomic
def _refuse(row: ScheduledMessage, refusal: Refusal | ValidationError) -> None:
    with translation.override(row.business.language):
        reason = " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
    JOB.finish(row, state=State.FAILED, problem=reason[:500])
    conversation = _locked(row)
    conversations.wait_for_person(conversation, timezone.now())
    conversations.change(conversation, status=Conversation.Status.OPEN, snoozed_until=None)


JOB = Job(
    name="send messages for later",
    model=ScheduledMessage,
    work=work,
    queue="inbound",
    interval=2,
    lease=LEASE,
    # Each is one short transaction.
    share=None,
    delays=(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10)),
    rows=ScheduledMessage.objects.waiting,
    retention=RETENTION,
    age="finished_at",
)
