"""What is done with a conversation."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.database.bulk_update import update_rows
from accounts.database.saving import update
from accounts.models import User
from accounts.refusals import Refusal
from crm.models import Conversation, Customer, Message, Wait
from whatsapp.models import WhatsAppNumber

from .tasks import show_read_on_commit


def get_or_create(number: WhatsAppNumber, customer: Customer) -> Conversation:
    """The conversation of a customer with a number, begun when there is none."""
    conversation, _created = Conversation.objects.get_or_create(
        whatsapp_number=number, customer=customer, defaults={"business_id": number.business_id}
    )
    return conversation


def lock(number: WhatsAppNumber, customer: Customer, begun_at: datetime) -> Conversation:
    """The conversation, begun at a time when there is none, and locked until the transaction around this ends."""
    conversations = Conversation.objects.select_for_update().filter(whatsapp_number=number, customer=customer)
    conversation = conversations.first()
    if conversation is None:
        # Who read it a moment ago does not know whether it was deleted since.
        WhatsAppNumber.objects.only("pk").get(pk=number.pk)
        conversations.get_or_create(
            whatsapp_number=number,
            customer=customer,
            defaults={"business": number.business, "last_message_at": begun_at},
        )
        conversation = conversations.get()
    conversation.whatsapp_number, conversation.customer = number, customer
    return conversation


def note_inbound(conversation: Conversation, at: datetime, is_for_people: bool = False) -> None:
    """
    The customer wrote or called at a time: it opens, as does the 24-hour window, and is snoozed no longer. Where bots
    are silent, or what came is no message that a bot reads (`is_for_people`), it waits for a person; else a bot has
    its turn first. Call it under `lock`.
    """
    if is_for_people or conversation.is_bot_paused:
        wait_for_person(conversation, at)
    change(
        conversation,
        status=Conversation.Status.OPEN,
        unread=conversation.unread + 1,
        inbound_count=conversation.inbound_count + 1,
        is_shown_read=False,
        snoozed_until=None,
        last_inbound_at=max(conversation.last_inbound_at or at, at),
        last_message_at=max(conversation.last_message_at, at),
    )


def wait_for_person(conversation: Conversation, since: datetime) -> None:
    """What the customer wrote at a time is left to people. Who waits already has waited longer."""
    if conversation.waiting_since is None:
        change(conversation, waiting_since=since)


def leave_to_people(conversation: Conversation, message: Message) -> None:
    """No bot takes this message of the customer: it waits for a person, unless one has answered or closed already."""
    if conversation.waiting_since or conversation.status == Conversation.Status.CLOSED:
        return
    later = conversation.messages.filter(direction=Message.Direction.OUT, pk__gt=message.pk)
    if not later.exclude(origin=Message.Origin.BOT).exists():
        wait_for_person(conversation, message.timestamp)


def end_wait(conversation: Conversation, at: datetime, ending: str, user: User | None = None) -> None:
    """
    A wait for a person ends at a time, by this person if it is known who; how long it was is kept once, whoever ends
    it at the same time. What the customer wrote since this conversation was read waits on.
    """
    since, conversation.waiting_since = conversation.waiting_since, None
    if since and Conversation.objects.filter(pk=conversation.pk, waiting_since=since).update(waiting_since=None):
        Wait.objects.create(
            business_id=conversation.business_id,
            conversation=conversation,
            user=user,
            ending=ending,
            waited_seconds=max(int((at - since).total_seconds()), 0),
            ended_at=at,
        )


def hand_over(conversation: Conversation, since: datetime) -> None:
    """A bot calls a person: it is silent from now on, and the conversation is open, unread and waits since a time."""
    wait_for_person(conversation, since)
    change(
        conversation,
        **pause(conversation),
        status=Conversation.Status.OPEN,
        snoozed_until=None,
        unread=max(conversation.unread, 1),
    )


def note_answer(conversation: Conversation, at: datetime) -> None:
    """
    A person answered at a time in another program: the bot pauses, and what the customer had written by then is read
    and answered. The window is as the customer left it. Call it under `lock`.
    """
    pause_bot(conversation)
    wrote_later = conversation.last_inbound_at is not None and conversation.last_inbound_at > at
    if not wrote_later:
        end_wait(conversation, at, Wait.Ending.ANSWERED)
    change(
        conversation,
        unread=conversation.unread if wrote_later else 0,
        last_message_at=max(conversation.last_message_at, at),
    )


def assign(conversation: Conversation, user: User | None) -> None:
    """Say who answers here; None: nobody in particular. Raises ValidationError for a person of another business."""
    if user and user.business_id != conversation.business_id:
        raise ValidationError({"user": _("This person does not exist.")})
    change(conversation, assignee=user, assigned_at=timezone.now() if user else None)


@transaction.atomic
def close(conversation: Conversation) -> None:
    """
    Take it off the list of open conversations, until the customer writes again. Bots answer then. Raises Refusal when
    the customer has written since this conversation was read.
    """
    _check_nothing_came(conversation)
    end_wait(conversation, timezone.now(), Wait.Ending.CLOSED)
    change(
        conversation,
        status=Conversation.Status.CLOSED,
        unread=0,
        waiting_since=None,
        snoozed_until=None,
        bot_paused=False,
        bot_resumes_at=None,
    )


def reopen(conversation: Conversation) -> None:
    """Put it back on the list of open conversations."""
    change(conversation, status=Conversation.Status.OPEN)


def _check_nothing_came(conversation: Conversation) -> None:
    """Lock it. Raises Refusal when the customer has written since it was read, whom nobody has seen then."""
    if Conversation.objects.select_for_update().get(pk=conversation.pk).inbound_count > conversation.inbound_count:
        raise Refusal("wrote_meanwhile", _("The customer has just written. Read that first."))


@transaction.atomic
def snooze(conversation: Conversation, until: datetime) -> None:
    """
    Take it out of sight until this moment, or until the customer writes. Raises ValidationError when that has passed,
    and Refusal for what is closed, and when the customer has written since this conversation was read.
    """
    if until <= timezone.now():
        raise ValidationError({"until": _("This time has passed. Choose a later one.")}, code="passed")
    if conversation.status == Conversation.Status.CLOSED:
        raise Refusal("closed", _("This conversation is closed. Reopen it first."))
    _check_nothing_came(conversation)
    change(conversation, snoozed_until=until)


def unsnooze(conversation: Conversation) -> None:
    """Have it in sight again, now."""
    change(conversation, snoozed_until=None)


def pause_bot(conversation: Conversation) -> None:
    """
    A person answers here: bots are silent until `resume_bot` or `close`, or until the business's hours have passed
    since the last call of this.
    """
    change(conversation, **pause(conversation))


def pause(conversation: Conversation) -> dict[str, Any]:
    """The fields of a conversation in which a person answers now. A pause without end keeps none."""
    hours = conversation.whatsapp_number.business.bot_returns_after
    has_no_end = conversation.bot_paused and conversation.bot_resumes_at is None
    if hours is None or has_no_end:
        return {"bot_paused": True, "bot_resumes_at": None}
    return {"bot_paused": True, "bot_resumes_at": timezone.now() + timedelta(hours=hours)}


def pause_bot_until(conversation: Conversation, moment: datetime | None) -> None:
    """Have bots be silent here until this moment; None: without end. Raises ValidationError when it has passed."""
    if moment and moment <= timezone.now():
        raise ValidationError({"bot_resumes_at": _("This time has passed. Choose a later one.")}, code="passed")
    change(conversation, bot_paused=True, bot_resumes_at=moment)


def resume_bot(conversation: Conversation) -> None:
    """Have bots answer here again, now."""
    change(conversation, bot_paused=False, bot_resumes_at=None)


def mark_read(conversation: Conversation) -> None:
    """Somebody looks at it: nothing is unread, and the customer is shown so if the number is set so."""
    values: dict[str, Any] = {"unread": 0} if conversation.unread else {}
    values |= _show_read(conversation, WhatsAppNumber.ReadReceipts.OPENED)
    if values:
        change(conversation, **values)


def after_answer(conversation: Conversation) -> dict[str, bool]:
    """
    Show the customer that what is answered was read, once this transaction is committed, if the number is set so.
    Returns the columns of the conversation that whoever answers has to write.
    """
    return _show_read(conversation, WhatsAppNumber.ReadReceipts.ANSWERED)


def _show_read(conversation: Conversation, moment: str) -> dict[str, bool]:
    is_due = conversation.last_inbound_at and not conversation.is_shown_read
    if not is_due or conversation.whatsapp_number.read_receipts != moment:
        return {}
    show_read_on_commit(conversation.pk)
    return {"is_shown_read": True}


def change(conversation: Conversation, **values: Any) -> None:
    """Save these fields, and that something changed."""
    values["updated_at"] = timezone.now()
    for field, value in values.items():
        setattr(conversation, field, value)
    if conversation.unsaved_fields is None:
        update(conversation, values)
    else:
        conversation.unsaved_fields |= values.keys()


@contextmanager
def saving_once(*conversations: Conversation) -> Iterator[None]:
    """
    Save what is changed in these conversations, all locked, by one statement at the end of this block; after an
    exception nothing is saved.
    """
    for conversation in conversations:
        conversation.unsaved_fields = set()
    try:
        yield
        _save([conversation for conversation in conversations if conversation.unsaved_fields])
    finally:
        for conversation in conversations:
            conversation.unsaved_fields = None


def _save(conversations: list[Conversation]) -> None:
    if len(conversations) == 1:
        update(conversations[0], conversations[0].unsaved_fields or ())
        return
    changed = set[str]().union(*(conversation.unsaved_fields or () for conversation in conversations))
    fields = [field for field in Conversation._meta.concrete_fields if field.name in changed]
    rows = [
        (conversation.pk, *(getattr(conversation, field.attname) for field in fields))
        for conversation in conversations
    ]
    changes = {field.name: f"v.{field.column}" for field in fields}
    update_rows(Conversation, ("id", *changes), rows, changes, where="t.id = v.id")
