"""Effects made real: rows of crm, in the transaction of the turn."""

from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from bots.engine import effects
from bots.models import BotCall, BotTimer
from crm.conversations import conversations, outbox
from crm.customers import customers
from crm.deals.deals import create_deal
from crm.models import Conversation, Message
from whatsapp.message_templates.availability import check_parameters, check_usable, usable_with


def carry_out(session, wanted, step):
    """
    Do what the engine wants of a session's conversation, in order, beginning at a step. Returns what was done: where
    something is refused, the session is over and a person goes on.
    """
    done = []
    for effect in wanted:
        step = effect.step if isinstance(effect, effects.Visited) else step
        try:
            if carrier := CARRIERS.get(type(effect)):
                carrier(session, effect)
        except Refusal as refusal:
            hand_over(session.conversation)
            end = effects.End(effects.EndReason.ERROR, step)
            return (*done, effects.Refused(step, str(refusal)), effects.HandOff(), end)
        done.append(effect)
    return tuple(done)


def send(session, effect):
    outbox.queue(session.conversation, effect.content, effect.text, Message.Origin.BOT)


def send_template(session, effect):
    """Raises Refusal when there is no such approved template, or its parameters do not fit."""
    template = find_template(session.conversation.whatsapp_number, effect)
    with refusing():
        outbox.reply_with_template(
            session.conversation, template, effect.parameters, None, Message.Origin.BOT, pause_bot=False
        )


def template_text(number, effect):
    """What a person would read of a template. Raises Refusal as sending it would."""
    template = find_template(number, effect)
    with refusing():
        check_usable(template, number)
        check_parameters(template, effect.parameters)
    return template.filled_in(effect.parameters)


@contextmanager
def refusing():
    """What is wrong with a template is no error of ours: it is refused."""
    try:
        yield
    except ValidationError as error:
        raise Refusal("template_not_usable", " ".join(error.messages)) from error


def find_template(number, effect):
    """The approved template that an effect names. Raises Refusal."""
    template = usable_with(number).filter(name=effect.template, language=effect.language).first()
    if template is None:
        raise Refusal(
            "no_template",
            _("The number has no approved template “%(name)s” (%(language)s). Correct the step, or approve it.")
            % {"name": effect.template, "language": effect.language},
        )
    return template


def set_customer(session, effect):
    customer = session.conversation.customer
    customer.name = effect.name or customer.name
    customer.attributes = {**customer.attributes, **effect.attributes}
    customer.save(update_fields=["name", "attributes"])


def add_tags(session, effect):
    customers.add_tags(session.conversation.customer, effect.names)


def remove_tags(session, effect):
    customers.remove_tags(session.conversation.customer, effect.names)


def add_deal(session, effect):
    conversation = session.conversation
    create_deal(conversation.customer, effect.title, effect.amount, effect.stage, conversation)


def hand_off(session, effect):
    hand_over(session.conversation)


def hand_over(conversation):
    """A person goes on: the bot is silent, and the conversation is open and unread."""
    conversations.change(
        conversation,
        bot_paused=True,
        status=Conversation.Status.OPEN,
        unread=max(conversation.unread, 1),
    )


def set_timer(session, effect):
    due_at = timezone.now() + timedelta(seconds=effect.seconds)
    BotTimer.objects.create(
        business_id=session.business_id, session=session, kind=effect.kind, turn=session.turns, due_at=due_at
    )
    if effect.kind == effects.TimerKind.EXPIRY:
        session.expires_at = due_at


def call(session, effect):
    """The row of a call; `http_calls.py` makes it once this turn is committed."""
    BotCall.objects.create(
        business_id=session.business_id, session=session, turn=session.turns, request=asdict(effect)
    )


#: What to do for each kind of effect. Visited and End are facts of the session, kept by turns.py.
CARRIERS = {
    effects.SendMessage: send,
    effects.SendTemplate: send_template,
    effects.SetCustomer: set_customer,
    effects.AddTags: add_tags,
    effects.RemoveTags: remove_tags,
    effects.CreateDeal: add_deal,
    effects.HandOff: hand_off,
    effects.SetTimer: set_timer,
    effects.Call: call,
}
