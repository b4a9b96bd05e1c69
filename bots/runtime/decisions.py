"""What a turn comes to. Pure: it reads the facts of a Situation and nothing else."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.office_hours import is_open
from bots.document.scenario import Scenario
from bots.engine.content import text_message
from bots.engine.effects import Effect, End, EndReason, SendMessage, TimerKind
from bots.engine.engine import State, advance, waits_for_answer
from bots.engine.events import Answered, Event, Person, Said, TimedOut
from bots.models import Bot, BotSession
from crm.models import Conversation, Message

from .routing import Arrival, Begin, CallPerson, Candidate, Continue, KeepWaiting, Running, Stop, route


@dataclass(frozen=True)
class Inbound:
    """A message that waits for its turn. `is_last`: no other one waits behind it."""

    message: Message
    #: The customer has never written here before.
    is_first: bool
    is_last: bool


@dataclass(frozen=True)
class Situation:
    """
    The facts of a turn. `moment` is when the event happened, `now` the time of the turn in the business's time zone.
    The rows come with what hangs on them: customer, number and business; bot, version and scenario.
    """

    conversation: Conversation
    event: Event
    moment: datetime
    now: datetime
    #: No person owns the conversation, and the number may send.
    may_speak: bool
    #: The one that runs.
    session: BotSession | None = None
    #: Where the conversation's last session is, or was at its end, and in which scenario.
    last_state: State = State()
    last_scenario_id: int | None = None
    inbound: Inbound | None = None
    #: The scenarios that may begin, in order of priority; empty where none may.
    candidates: tuple[Candidate, ...] = ()
    #: The customer's tags, if a scenario asks for them.
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """
    What is to be written: the running session may end, another may begin, and the one that plays is in a new `state`.
    """

    #: Why the running session is over, before anything else happens.
    end_reason: EndReason | None = None
    #: The scenario of a new session.
    begins: Candidate | None = None
    #: The session that the turn is about, if it is not a new one.
    session: BotSession | None = None
    #: Where the session is after this turn, and the step where it was before; None: it stays where it is.
    state: State | None = None
    from_step: str | None = None
    effects: tuple[Effect, ...] = ()
    #: A person takes over once the effects are written.
    calls_person: bool = False
    #: No bot takes the message.
    is_left_to_people: bool = False
    #: The event as the log of turns has it; None: nothing is logged.
    event: dict[str, Any] | None = None


def decide(situation: Situation) -> Decision:
    """What an event leads to."""
    match situation.event:
        case Said():
            return _answer(situation, situation.event)
        case TimedOut(kind=TimerKind.EXPIRY):
            return Decision(end_reason=EndReason.EXPIRED if situation.session else None)
        case _:
            return _resume(situation)


def end_reason_at(session: BotSession, conversation: Conversation, moment: datetime) -> EndReason | None:
    """Why a running session is over at this moment although nobody ended it; None when it is not."""
    if session.expires_at and session.expires_at <= moment:
        return EndReason.EXPIRED
    moved = session.bot.whatsapp_number_id != conversation.whatsapp_number_id
    if moved or not session.bot.is_active or not session.version.scenario.is_active:
        return EndReason.SWITCHED_OFF
    opted_out_at = conversation.customer.opted_out_at
    if opted_out_at and opted_out_at >= session.started_at:
        return EndReason.OPTED_OUT
    return None


# A message


def _answer(situation: Situation, said: Said) -> Decision:
    """A session that is over by the time of the message does not meet it."""
    session = situation.session
    reason = end_reason_at(session, situation.conversation, situation.moment) if session else None
    if reason is None:
        return _routed(situation, said)
    return replace(_routed(replace(situation, session=None), said), end_reason=reason)


def _routed(situation: Situation, said: Said) -> Decision:
    session = situation.session
    match route(_arrival(situation, said), situation.candidates):
        case Stop():
            return _stop(situation, said)
        case CallPerson(bot):
            return _call_person(situation, said, bot)
        case KeepWaiting():
            event = {"kind": "while_waiting", "text": said.text}
            return Decision(session=session, is_left_to_people=True, event=event)
        case Continue(step):
            decision = _continue(situation, {"kind": "message", "text": said.text}, step)
            if said.is_for_people and not decision.effects:
                decision = replace(decision, event={"kind": "for_people", "type": said.type})
            return replace(decision, is_left_to_people=not decision.effects)
        case Begin(candidate, step):
            return _begin(situation, candidate, step, {"kind": "message", "text": said.text})
        case _:
            return Decision(session=session, is_left_to_people=True)


def _arrival(situation: Situation, said: Said) -> Arrival:
    session, inbound = situation.session, situation.inbound
    running = None
    if session:
        document, state = session.version.document, situation.last_state
        asks = waits_for_answer(document, state)
        running = Running(session.version.scenario_id, asks, document, state.step)
    return Arrival(
        text=said.text,
        payload=said.choice_id,
        owned=not situation.may_speak,
        running=running,
        is_first=inbound is not None and inbound.is_first,
        opt_out_words=situation.conversation.whatsapp_number.business.opt_out_words,
    )


def _stop(situation: Situation, said: Said) -> Decision:
    """The customer is not written to any more, whatever a scenario still waits for."""
    event = {"kind": "opt_out", "text": said.text}
    if situation.session is None:
        return Decision(event=event)
    reason = EndReason.OPTED_OUT
    effects = (End(reason, situation.last_state.step),)
    return Decision(end_reason=reason, session=situation.session, effects=effects, event=event)


def _call_person(situation: Situation, said: Said, bot: Bot) -> Decision:
    text = bot.operator_text
    return Decision(
        end_reason=EndReason.HANDED_OFF if situation.session else None,
        session=situation.session,
        effects=(SendMessage(text_message(text), text),) if text.strip() else (),
        calls_person=True,
        event={"kind": "operator_word", "text": said.text},
    )


# What a session waited for by itself


def _resume(situation: Situation) -> Decision:
    """Where no bot may speak any more, the session ends instead."""
    if situation.session is None:
        return Decision()
    reason = end_reason_at(situation.session, situation.conversation, situation.moment)
    if reason is None and not situation.may_speak:
        reason = EndReason.HANDED_OFF if situation.conversation.is_bot_paused else EndReason.SWITCHED_OFF
    if reason:
        return Decision(end_reason=reason)
    return _continue(situation, _logged(situation.event))


def _logged(event: Event) -> dict[str, Any]:
    """An event that happened by itself, for the log of turns."""
    match event:
        case TimedOut(kind=TimerKind.WAIT):
            return {"kind": "wait_over"}
        case Answered():
            kind = "call_failed" if event.failed else "answer"
            return {"kind": kind, "step": event.step, "status": event.status, "why": event.failed}
        case _:
            return {"kind": "timeout"}


# The engine's part


def _continue(situation: Situation, logged: dict[str, Any], step: str | None = None) -> Decision:
    """
    The running session takes the event, though the step that waits may not concern itself with it; or it goes back to
    a `step` whose menu was tapped.
    """
    session, before = situation.session, situation.last_state
    assert session is not None
    before = before.back_to(step) if step else before
    decision = _advance(situation, session.version.document, session.bot, before)
    return replace(decision, session=session, event=logged)


def _begin(situation: Situation, candidate: Candidate, step: str | None, logged: dict[str, Any]) -> Decision:
    """
    A scenario begins, perhaps at a menu that was tapped, and then with what the customer's last way through it kept.
    What was said in the one before still counts as said.
    """
    last = situation.last_state
    is_same = step is not None and candidate.scenario_id == situation.last_scenario_id
    before = last.begin_another(step, last.vars if is_same else None)
    decision = _advance(situation, candidate.document, candidate.bot, before)
    reason = EndReason.REPLACED if situation.session else None
    return replace(decision, end_reason=reason, begins=candidate, event=logged)


def _advance(situation: Situation, document: Scenario, bot: Bot, before: State) -> Decision:
    event = replace(
        situation.event,
        person=_person(situation.conversation).with_tags(added=situation.tags),
        office_hours=is_open(bot.office_hours, situation.now),
    )
    state, effects = advance(document, before, event, situation.now)
    return Decision(state=state, from_step=before.step, effects=effects) if effects else Decision()


def _person(conversation: Conversation) -> Person:
    customer = conversation.customer
    return Person(
        name=customer.name,
        phone=customer.phone or "",
        attributes=customer.attributes,
        country=conversation.whatsapp_number.business.country,
    )
