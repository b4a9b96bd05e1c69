"""
A chat with a bot that nobody else sees: the same routing and engine, nothing stored, nothing sent, nobody called.

Time passes as fast as it is needed: a wait is over at once, and the message SKIP lets the time to answer run out. A
message that `tap` made is a tap on a button. A service that would be called has the answer that is given for its step,
or none, so that the scenario goes its way for failures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.office_hours import is_open
from accounts.refusals import Refusal
from bots.document.scenario import Scenario
from bots.editor.scenarios import BrokenScenario, check_alone
from bots.engine.content import choices_of, text_message
from bots.engine.effects import (
    Call,
    Effect,
    End,
    EndReason,
    HandOff,
    Refused,
    SendMessage,
    SendTemplate,
    SetTimer,
    TimerKind,
    Visited,
)
from bots.engine.engine import State, advance, person_after, waits_for_answer
from bots.engine.events import Answered, Event, Person, Said, TimedOut
from bots.models import Bot, BotScenario
from bots.runtime.loading import published
from bots.runtime.routing import Arrival, Begin, CallPerson, Candidate, Continue, Running, Stop, route
from bots.runtime.writing import template_text
from crm.conversations import mailing_choice

MAX_MESSAGES = 100

#: A message that means: the customer writes nothing, and the time to answer runs out.
SKIP = "/skip"

#: Before the id of a button and what stands on it, in a message that is a tap.
_TAP = "/tap "

#: Waits and calls that pass by themselves after one message: they are enough to see where it goes.
_MAX_EVENTS_PER_TURN = 20


@dataclass(frozen=True)
class SimulatedTurn:
    """One message to the bot and what came of it."""

    text: str
    effects: tuple[Effect, ...]

    @property
    def answers(self) -> list[SendMessage]:
        return [effect for effect in self.effects if isinstance(effect, SendMessage)]


def taps(message: SendMessage) -> list[tuple[str, str]]:
    """What stands on each button of a message, and the message that taps it."""
    return [(label, f"{_TAP}{button} {label}") for button, label in choices_of(message.content)]


def read_tap(message: str) -> tuple[str, str]:
    """(id of the button, what stands on it) of a tap; an empty id and the message itself for any other."""
    button, _blank, label = message.removeprefix(_TAP).partition(" ")
    return (button, label) if message.startswith(_TAP) and label else ("", message)


def is_shown(effect: Effect) -> bool:
    """Whether people see an effect. Every question sets the timer by which its scenario ends at last."""
    return not isinstance(effect, Visited) and not (isinstance(effect, SetTimer) and effect.kind == TimerKind.EXPIRY)


def simulate(
    bot: Bot, messages: Sequence[str], draft: bool = False, answers: Mapping[str, Any] | None = None
) -> list[SimulatedTurn]:
    """
    What a bot would answer to these messages of a new customer; by its drafts if wanted, else by what is published.
    `answers` maps the key of a step that calls a service to the JSON it answers. Raises BrokenScenario for a draft
    with errors.
    """
    return _chat(bot, _drafts(bot) if draft else published(bot=bot), messages, answers)


def simulate_draft(
    scenario: BotScenario, messages: Sequence[str], answers: Mapping[str, Any] | None = None
) -> list[SimulatedTurn]:
    """The same for one scenario's draft alone. Raises BrokenScenario."""
    return _chat(scenario.bot, [_draft(scenario)], messages, answers)


def _drafts(bot: Bot) -> list[Candidate]:
    """What may begin if a bot's active drafts were published. Raises BrokenScenario."""
    return [_draft(scenario) for scenario in bot.scenarios.filter(is_active=True).order_by("id")]


def _draft(scenario: BotScenario) -> Candidate:
    report = check_alone(scenario)
    if report.errors:
        raise BrokenScenario(report)
    return Candidate(scenario.bot, scenario.pk, scenario.name, Scenario.model_validate(scenario.definition))


def _chat(
    bot: Bot, candidates: Sequence[Candidate], messages: Sequence[str], answers: Mapping[str, Any] | None
) -> list[SimulatedTurn]:
    chat = _Chat(bot, candidates, answers or {})
    with translation.override(bot.business.language):
        return [SimulatedTurn(text, tuple(chat.answer(text))) for text in messages]


class _Chat:
    """The state of a simulated conversation."""

    def __init__(self, bot: Bot, candidates: Sequence[Candidate], answers: Mapping[str, Any]) -> None:
        self.bot = bot
        self.candidates = candidates
        self.answers = answers
        self.person = Person(country=bot.business.country)
        self.now = timezone.localtime(timezone=ZoneInfo(bot.business.time_zone))
        self.state = State()
        self.running: Candidate | None = None
        self.last_scenario_id: int | None = None
        self.waits_until = self.now
        self.bot_paused = False
        self.wants_mailings = True
        self.is_first = True

    def answer(self, text: str) -> Sequence[Effect]:
        """What comes of a message."""
        if text == SKIP:
            return self._time_out()
        choice_id, label = read_tap(text)
        said = Said(self.person, label, choice_id, type="interactive" if choice_id else "text")
        return [*self._confirm_choice(label), *self._routed(said)]

    def _confirm_choice(self, text: str) -> Sequence[Effect]:
        """What the business says to a customer who opts out or in again by these words."""
        wanted = mailing_choice.asked(text, self.bot.business)
        if wanted is None or wanted == self.wants_mailings:
            return ()
        self.wants_mailings = wanted
        confirmed = mailing_choice.confirmation(self.bot.business, wanted)
        return [SendMessage(text_message(confirmed), confirmed)] if confirmed else ()

    def _routed(self, said: Said) -> Sequence[Effect]:
        words = self.bot.business.opt_out_words
        arrival = Arrival(said.text, said.choice_id, self.bot_paused, self._session(), self.is_first, words)
        self.is_first = False
        match route(arrival, self.candidates):
            case Stop():
                return self._stop()
            case CallPerson(bot):
                return self._call_person(bot)
            case Begin(candidate, step):
                return self._begin(candidate, step, said)
            case Continue(step) if self.running:
                self.state = self.state.back_to(step) if step else self.state
                return self._play(self.running, said)
        return ()

    def _begin(self, candidate: Candidate, step: str | None, said: Said) -> Sequence[Effect]:
        is_same = step is not None and candidate.scenario_id == self.last_scenario_id
        self.running, self.last_scenario_id = candidate, candidate.scenario_id
        self.state = self.state.begin_another(step, self.state.vars if is_same else None)
        return self._play(candidate, said)

    def _session(self) -> Running | None:
        if self.running is None:
            return None
        document = self.running.document
        return Running(self.running.scenario_id, waits_for_answer(document, self.state), document, self.state.step)

    def _time_out(self) -> Sequence[Effect]:
        if self.running is None or self.bot_paused:
            return ()
        self.now = self.waits_until
        return self._play(self.running, TimedOut(self.person))

    def _play(self, running: Candidate, event: Event | None) -> Sequence[Effect]:
        """What comes of an event, and of the waits and calls it leads to."""
        effects: list[Effect] = []
        for _number in range(_MAX_EVENTS_PER_TURN):
            if event is None:
                break
            effects += self._advance(running, event)
            event = self._next_event(effects[-1]) if effects else None
        return effects

    def _advance(self, running: Candidate, event: Event) -> list[Effect]:
        event = replace(event, office_hours=is_open(running.bot.office_hours, self.now))
        self.state, wanted = advance(running.document, self.state, event, self.now)
        effects = list(self._apply(wanted))
        if effects and isinstance(effects[-1], End):
            self.running = None
        return effects

    def _apply(self, wanted: Sequence[Effect]) -> Iterator[Effect]:
        """The effects as they would be written, with the texts of templates, up to what would be refused."""
        step = ""
        for effect in wanted:
            self.person = person_after(self.person, effect)
            if isinstance(effect, Visited):
                step = effect.step
            if isinstance(effect, HandOff):
                self.bot_paused = True
            if isinstance(effect, SetTimer):
                self.waits_until = self.now + timedelta(seconds=effect.seconds)
            yield effect
            if isinstance(effect, SendTemplate):
                try:
                    text = template_text(self.bot.whatsapp_number, effect)
                    yield SendMessage(text_message(text), text)
                except Refusal as refusal:
                    self.bot_paused = True
                    yield from (Refused(step, str(refusal)), HandOff(), End(EndReason.ERROR, step))
                    return

    def _next_event(self, effect: Effect) -> Event | None:
        """What happens by itself after the last effect of a turn; None: it is the customer's turn."""
        if isinstance(effect, SetTimer) and effect.kind == TimerKind.WAIT:
            self.now = self.waits_until
            return TimedOut(self.person)
        if isinstance(effect, Call):
            if effect.step in self.answers:
                return Answered(self.person, value=self.answers[effect.step])
            return Answered(self.person, failed=_("services are not called while a bot is being tried out"))
        return None

    def _stop(self) -> Sequence[Effect]:
        ended = [End(EndReason.OPTED_OUT, self.state.step)] if self.running else []
        self.running = None
        return ended

    def _call_person(self, bot: Bot) -> Sequence[Effect]:
        self.bot_paused = True
        text = bot.operator_text.strip()
        said = [SendMessage(text_message(text), text)] if text else []
        return (*said, HandOff())
