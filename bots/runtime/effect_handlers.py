"""Effects made real: rows of crm, and what a session waits for, in the transaction of the turn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from bots.engine import effects
from bots.models import BotCall, BotSession, BotTimer
from crm.conversations import conversations, outbox
from crm.customers import customers
from crm.deals.deals import create_deal
from crm.models import Conversation, Message
from whatsapp.message_templates.availability import check_parameters, check_usable, usable_with
from whatsapp.models import MessageTemplate, WhatsAppNumber


def apply_effects(
    session: BotSession, wanted: Sequence[effects.Effect], step: str | None
) -> tuple[effects.Effect, ...]:
    """
    Write the effects of a session's turn, in order, beginning at a step. Returns what was written: where something is
    refused, the session is over and a person takes over.
    """
    written: list[effects.Effect] = []
    for effect in wanted:
        if isinstance(effect, effects.Visited):
            step = effect.step
        try:
            if handle := _HANDLERS.get(type(effect)):
                handle(session, effect)
        except Refusal as refusal:
            hand_over(session.conversation)
            end = effects.End(effects.EndReason.ERROR, step)
            return (*written, effects.Refused(step or "", str(refusal)), effects.HandOff(), end)
        written.append(effect)
    return tuple(written)


def send_message(conversation: Conversation, effect: effects.SendMessage) -> None:
    """Queue a message. Raises Refusal when the number may not send, or outside the window."""
    outbox.queue(conversation, effect.content, effect.text, Message.Origin.BOT)


def _send_message(session: BotSession, effect: effects.SendMessage) -> None:
    send_message(session.conversation, effect)


def _send_template(session: BotSession, effect: effects.SendTemplate) -> None:
    """Raises Refusal when there is no such approved template, or its parameters do not fit."""
    template = _find_template(session.conversation.whatsapp_number, effect)
    with _refusing():
        outbox.reply_with_template(
            session.conversation, template, effect.parameters, None, Message.Origin.BOT, pause_bot=False
        )


def template_text(number: WhatsAppNumber, effect: effects.SendTemplate) -> str:
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


def _find_template(number: WhatsAppNumber, effect: effects.SendTemplate) -> MessageTemplate:
    """The approved template that an effect names. Raises Refusal."""
    template = usable_with(number).filter(name=effect.template, language=effect.language).first()
    if template is None:
        raise Refusal(
            "no_template",
            _("The number has no approved template “%(name)s” (%(language)s). Correct the step, or approve it.")
            % {"name": effect.template, "language": effect.language},
        )
    return template


def _set_customer(session: BotSession, effect: effects.SetCustomer) -> None:
    customer = session.conversation.customer
    customer.name = effect.name or customer.name
    customer.attributes = {**customer.attributes, **effect.attributes}
    customer.save(update_fields=["name", "attributes"])


def _add_tags(session: BotSession, effect: effects.AddTags) -> None:
    customers.add_tags(session.conversation.customer, effect.names)


def _remove_tags(session: BotSession, effect: effects.RemoveTags) -> None:
    customers.remove_tags(session.conversation.customer, effect.names)


def _create_deal(session: BotSession, effect: effects.CreateDeal) -> None:
    conversation = session.conversation
    create_deal(conversation.customer, effect.title, effect.amount, effect.stage, conversation)


def _hand_off(session: BotSession, effect: effects.HandOff) -> None:
    hand_over(session.conversation)


def hand_over(conversation: Conversation) -> None:
    """A person takes over: the bot is silent, and the conversation is open and unread."""
    conversations.change(
        conversation,
        bot_paused=True,
        status=Conversation.Status.OPEN,
        unread=max(conversation.unread, 1),
    )


def expires_at(wanted: Sequence[effects.Effect]) -> datetime | None:
    """When a session with these effects ends if no answer comes; None: it does not wait for one."""
    for effect in wanted:
        if isinstance(effect, effects.SetTimer) and effect.kind == effects.TimerKind.EXPIRY:
            return timezone.now() + timedelta(seconds=effect.seconds)
    return None


def _set_timer(session: BotSession, effect: effects.SetTimer) -> None:
    is_expiry = effect.kind == effects.TimerKind.EXPIRY
    due_at = session.expires_at if is_expiry else timezone.now() + timedelta(seconds=effect.seconds)
    BotTimer.objects.create(
        business_id=session.business_id, session=session, kind=effect.kind, turn=session.turns, due_at=due_at
    )


def _call(session: BotSession, effect: effects.Call) -> None:
    """The row of a call; `http_calls.py` makes it once this turn is committed."""
    BotCall.objects.create(
        business_id=session.business_id, session=session, turn=session.turns, request=asdict(effect)
    )


#: What writes each kind of effect. Visited and End are facts of the session (writing.py).
_HANDLERS: dict[type[effects.Effect], Callable[[BotSession, Any], None]] = {
    effects.SendMessage: _send_message,
    effects.SendTemplate: _send_template,
    effects.SetCustomer: _set_customer,
    effects.AddTags: _add_tags,
    effects.RemoveTags: _remove_tags,
    effects.CreateDeal: _create_deal,
    effects.HandOff: _hand_off,
    effects.SetTimer: _set_timer,
    effects.Call: _call,
}
