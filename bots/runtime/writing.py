"""
A decision made real, in the transaction of the turn: the rows of a session, of what it does and waits for, and of the
log.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database.saving import insert, update
from accounts.jobs.tasks import work_off
from accounts.names import clean_name
from accounts.refusals import Refusal
from bots.engine.effects import (
    AddTags,
    Call,
    CreateDeal,
    Effect,
    End,
    EndReason,
    HandOff,
    Refused,
    RemoveTags,
    SendMessage,
    SendTemplate,
    SetCustomer,
    SetTimer,
    TimerKind,
    Visited,
)
from bots.models import BotCall, BotSession, BotTimer, BotTurn
from crm.conversations import conversations, outbox
from crm.conversations.tasks import show_typing
from crm.customers import customers
from crm.deals.deals import create_deal
from crm.models import Conversation, Message
from whatsapp.message_templates.availability import check_parameters, check_usable, usable_with
from whatsapp.models import MessageTemplate, WhatsAppNumber

from .decisions import Decision, Situation
from .routing import Candidate

#: The queue in which calls of services are made (`http_calls`).
CALLS = "calls"

_END_FIELDS = ["ended_at", "end_reason", "end_step"]


def write(situation: Situation, decision: Decision) -> None:
    """Write what was decided. Raises Refusal when a person is called and the answer to that may not be sent."""
    with conversations.saving_once(situation.conversation):
        _write(situation, decision)


def _write(situation: Situation, decision: Decision) -> None:
    conversation, running = situation.conversation, situation.session
    if running and decision.end_reason:
        end(running, decision.end_reason)
    session = decision.session
    if decision.begins:
        session = running = _new_session(conversation, decision.begins)
    effects = decision.effects
    if session and decision.state:
        effects = _move(session, decision)
    if decision.calls_person:
        _call_person(conversation, effects)
    mark_in_scenario(conversation, running is not None and running.ended_at is None)
    message = situation.inbound.message if situation.inbound else None
    if message and decision.is_left_to_people:
        conversations.leave_to_people(conversation, message)
    if decision.event:
        log(conversation, session, message, event=decision.event, effects=effects)


def _new_session(conversation: Conversation, candidate: Candidate) -> BotSession:
    assert candidate.version is not None
    return BotSession(
        business_id=conversation.business_id,
        conversation=conversation,
        bot=candidate.bot,
        version=candidate.version,
    )


def _move(session: BotSession, decision: Decision) -> tuple[Effect, ...]:
    """Put a session into its new state, with the effects. Returns those that were written."""
    assert decision.state is not None
    is_new = session.pk is None
    session.state = decision.state.as_json()
    session.expires_at = _expires_at(decision.effects)
    _note_end(session, decision.effects[-1])
    if is_new:
        insert(session)
    else:
        update(session, ["state", "expires_at", *_END_FIELDS])
        _delete_waits(session)
    written = _apply_effects(session, decision.effects, decision.from_step)
    if written[-1] != decision.effects[-1]:
        session.expires_at = None
        _note_end(session, written[-1])
        update(session, ["expires_at", *_END_FIELDS])
    return written


def _call_person(conversation: Conversation, effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        if isinstance(effect, SendMessage):
            _queue_message(conversation, effect)
    hand_over(conversation)


def log(
    conversation: Conversation,
    session: BotSession | None,
    message: Message | None,
    *,
    event: dict[str, Any] | None = None,
    effects: tuple[Effect, ...] = (),
    error: str = "",
) -> None:
    """Write down what a turn did, and why."""
    insert(
        BotTurn(
            business_id=conversation.business_id,
            conversation=conversation,
            session=session,
            message=message,
            event=event or {},
            path=[effect.step for effect in effects if isinstance(effect, Visited)],
            effects=[effect.as_json() for effect in effects if not isinstance(effect, Visited)],
            error=error,
        )
    )


# Effects


def _apply_effects(session: BotSession, wanted: Sequence[Effect], step: str | None) -> tuple[Effect, ...]:
    """
    Write the effects of a session's turn, in order, beginning at a step. Returns what was written: where something is
    refused, the session is over and a person takes over.
    """
    written: list[Effect] = []
    for effect in wanted:
        if isinstance(effect, Visited):
            step = effect.step
        try:
            if handle := _HANDLERS.get(type(effect)):
                handle(session, effect)
        except Refusal as refusal:
            hand_over(session.conversation)
            end = End(EndReason.ERROR, step)
            return (*written, Refused(step or "", str(refusal)), HandOff(), end)
        written.append(effect)
    return tuple(written)


def _queue_message(conversation: Conversation, effect: SendMessage) -> None:
    """Queue a message. Raises Refusal when the number may not send, or outside the window."""
    outbox.queue(conversation, effect.content, effect.text, Message.Origin.BOT)


def _send_message(session: BotSession, effect: SendMessage) -> None:
    _queue_message(session.conversation, effect)


def _send_template(session: BotSession, effect: SendTemplate) -> None:
    """Raises Refusal when there is no such approved template, or its parameters do not fit."""
    template = _find_template(session.conversation.whatsapp_number, effect)
    with _refusing():
        outbox.reply_with_template(
            session.conversation, template, effect.parameters, None, Message.Origin.BOT, pause_bot=False
        )


def template_text(number: WhatsAppNumber, effect: SendTemplate) -> str:
    """What a person would read of a template. Raises Refusal as sending it would."""
    template = _find_template(number, effect)
    with _refusing():
        check_usable(template, number)
        check_parameters(template, effect.parameters)
    return template.filled_in(effect.parameters)


@contextmanager
def _refusing() -> Iterator[None]:
    """What is wrong with a template is no error of ours: it is refused."""
    try:
        yield
    except ValidationError as error:
        raise Refusal("template_not_usable", " ".join(error.messages)) from error


def _find_template(number: WhatsAppNumber, effect: SendTemplate) -> MessageTemplate:
    """The approved template that an effect names. Raises Refusal."""
    template = usable_with(number).filter(name=effect.template, language=effect.language).first()
    if template is None:
        raise Refusal(
            "no_template",
            _("The number has no approved template “%(name)s” (%(language)s). Correct the step, or approve it.")
            % {"name": effect.template, "language": effect.language},
        )
    return template


def _set_customer(session: BotSession, effect: SetCustomer) -> None:
    customer = session.conversation.customer
    name = clean_name(effect.name or "") or customer.name
    attributes = {**customer.attributes, **effect.attributes}
    # What is known already is no edit, which would make open forms stale.
    if (name, attributes) != (customer.name, customer.attributes):
        customers.update(customer, name=name, attributes=attributes)


def _add_tags(session: BotSession, effect: AddTags) -> None:
    customers.add_tags(session.conversation.customer, effect.names)


def _remove_tags(session: BotSession, effect: RemoveTags) -> None:
    customers.remove_tags(session.conversation.customer, effect.names)


def _create_deal(session: BotSession, effect: CreateDeal) -> None:
    conversation = session.conversation
    create_deal(conversation.customer, effect.title, effect.amount, effect.stage, conversation)


def _hand_off(session: BotSession, effect: HandOff) -> None:
    hand_over(session.conversation)


def hand_over(conversation: Conversation) -> None:
    """A person takes over."""
    conversations.hand_over(conversation, conversation.last_inbound_at or timezone.now())


def _expires_at(wanted: Sequence[Effect]) -> datetime | None:
    """When a session with these effects ends if no answer comes; None: it does not wait for one."""
    for effect in wanted:
        if isinstance(effect, SetTimer) and effect.kind == TimerKind.EXPIRY:
            return timezone.now() + timedelta(seconds=effect.seconds)
    return None


def _set_timer(session: BotSession, effect: SetTimer) -> None:
    is_expiry = effect.kind == TimerKind.EXPIRY
    due_at = session.expires_at if is_expiry else timezone.now() + timedelta(seconds=effect.seconds)
    BotTimer.objects.create(
        business_id=session.business_id, session=session, kind=effect.kind, turn=session.turns, due_at=due_at
    )


def _call(session: BotSession, effect: Call) -> None:
    """The row of a call, which is made once this turn is committed; the customer sees that an answer comes."""
    BotCall.objects.create(
        business_id=session.business_id, session=session, turn=session.turns, request=asdict(effect)
    )
    show_typing.delay_on_commit(session.conversation_id)  # type: ignore[attr-defined]
    work_off.delay_on_commit(CALLS)  # type: ignore[attr-defined]


#: What writes each kind of effect. Visited and End are facts of the session (`_move`).
_HANDLERS: dict[type[Effect], Callable[[BotSession, Any], None]] = {
    SendMessage: _send_message,
    SendTemplate: _send_template,
    SetCustomer: _set_customer,
    AddTags: _add_tags,
    RemoveTags: _remove_tags,
    CreateDeal: _create_deal,
    HandOff: _hand_off,
    SetTimer: _set_timer,
    Call: _call,
}


# The end of sessions


def end(session: BotSession, reason: EndReason) -> None:
    """End a running session where it is."""
    _note_end(session, End(reason, session.state.get("step")))
    update(session, _END_FIELDS)
    _delete_waits(session)


def end_all(reason: EndReason) -> None:
    """End whatever runs, of all businesses. Nothing that it waited for happens any more."""
    BotTimer.objects.all().delete()
    BotCall.objects.all().delete()
    running = BotSession.objects.filter(ended_at__isnull=True)
    running.update(ended_at=timezone.now(), end_reason=reason, end_step=Coalesce(KT("state__step"), Value("")))
    Conversation.objects.filter(in_scenario=True).update(in_scenario=False)


def _note_end(session: BotSession, effect: Effect) -> None:
    """Set the fields of the session's end, if an effect is one."""
    if isinstance(effect, End):
        session.ended_at = timezone.now()
        session.end_reason = effect.reason
        session.end_step = effect.step or ""


def _delete_waits(session: BotSession) -> None:
    """Delete what the session waited for: it has moved on."""
    session.timers.all().delete()
    session.calls.all().delete()


def mark_in_scenario(conversation: Conversation, in_scenario: bool) -> None:
    """Write down whether a session runs in a conversation."""
    if conversation.in_scenario != in_scenario:
        conversations.change(conversation, in_scenario=in_scenario)
