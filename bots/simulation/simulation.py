"""
A chat with a bot that nobody else sees: the same routing and engine, nothing stored, nothing sent, nobody called.

Time passes as fast as it is needed: a wait is over at once, and the message SKIP lets the time to answer run out. A
service that would be called has the answer that is given for its step, or none, so that the scenario goes its way for
failures.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from bots.document.scenario import Scenario
from bots.editor.scenarios import BrokenScenario, check
from bots.engine.content import text_message
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
from bots.engine.events import Answered, Person, Said, TimedOut
from bots.engine.office_hours import is_open
from bots.runtime.effect_handlers import template_text
from bots.runtime.routing import Arrival, Begin, CallPerson, Entry, GoOn, Running, Stop, decide, published

MAX_MESSAGES = 100

#: A message that means: the customer writes nothing, and the time to answer runs out.
SKIP = "/skip"

#: So many waits and calls in one turn are enough to see where it goes.
MOST_AT_A_STRETCH = 20


@dataclass(frozen=True)
class SimulatedTurn:
    """One message to the bot and what came of it."""

    text: str
    effects: tuple[Effect, ...]

    @property
    def answers(self):
        return [effect for effect in self.effects if isinstance(effect, SendMessage)]


def is_worth_telling(effect):
    """Every question sets the timer by which its scenario ends at last."""
    return not isinstance(effect, Visited) and not (isinstance(effect, SetTimer) and effect.kind == TimerKind.EXPIRY)


def simulate(bot, messages, draft=False, answers=None):
    """
    What a bot would answer to these messages of a new customer; by its drafts if wanted, else by what is published.
    `answers` maps the key of a step that calls a service to the JSON it answers. Raises BrokenScenario for a draft
    with errors.
    """
    return chat(bot, drafts(bot) if draft else published(bot=bot), messages, answers)


def simulate_draft(scenario, messages, answers=None):
    """The same for one scenario's draft alone. Raises BrokenScenario."""
    return chat(scenario.bot, [draft_of(scenario)], messages, answers)


def drafts(bot):
    """What may begin if a bot's active drafts were published. Raises BrokenScenario."""
    return [draft_of(scenario) for scenario in bot.scenarios.filter(is_active=True).order_by("id")]


def draft_of(scenario):
    report = check(scenario)
    if report.errors:
        raise BrokenScenario(report)
    return Entry(scenario.bot, scenario.pk, scenario.name, Scenario.model_validate(scenario.definition))


def chat(bot, entries, messages, answers=None):
    customer = Chat(bot, entries, answers or {})
    with translation.override(bot.business.language):
        return [SimulatedTurn(text, tuple(customer.answer(text))) for text in messages]


class Chat:
    """The state of a simulated conversation."""

    def __init__(self, bot, entries, answers):
        self.bot = bot
        self.entries = entries
        self.answers = answers
        self.person = Person(country=bot.business.country)
        self.now = timezone.localtime(timezone=ZoneInfo(bot.business.time_zone))
        self.state = State()
        self.running: Entry | None = None
        self.waits_until = self.now
        self.bot_paused = False
        self.is_first = True

    def answer(self, text):
        """What comes of a message."""
        if text == SKIP:
            return self.run_out()
        first, self.is_first = self.is_first, False
        arrival = Arrival(text, owned=self.bot_paused, running=self.running_now(), is_first=lambda: first)
        match decide(arrival, lambda: self.entries):
            case Stop():
                return self.stop()
            case CallPerson(bot):
                return self.call_person(bot)
            case Begin(entry, step):
                self.running = entry
                self.state = self.state.begin_another(step)
                return self.play(Said(self.person, text))
            case GoOn():
                return self.play(Said(self.person, text))
        return ()

    def running_now(self):
        if self.running is None:
            return None
        return Running(self.running.scenario_id, waits_for_answer(self.running.document, self.state))

    def run_out(self):
        if self.running is None or self.bot_paused:
            return ()
        self.now = self.waits_until
        return self.play(TimedOut(self.person))

    def play(self, event):
        """What comes of an event, and of the waits and calls it leads to."""
        done = []
        for _stretch in range(MOST_AT_A_STRETCH):
            done += self.advance(event)
            event = self.next_event(done[-1]) if done else None
            if event is None:
                break
        return done

    def advance(self, event):
        event = replace(event, office_hours=is_open(self.running.bot.office_hours, self.now))
        self.state, wanted = advance(self.running.document, self.state, event, self.now)
        done = list(self.carry_out(wanted))
        if done and isinstance(done[-1], End):
            self.running = None
        return done

    def carry_out(self, wanted):
        """The effects as they would be done, with the texts of templates, up to what would be refused."""
        step = None
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

    def next_event(self, effect):
        """What happens by itself after the last effect of a turn; None: it is the customer's turn."""
        if isinstance(effect, SetTimer) and effect.kind == TimerKind.WAIT:
            self.now = self.waits_until
            return TimedOut(self.person)
        if isinstance(effect, Call):
            if effect.step in self.answers:
                return Answered(self.person, value=self.answers[effect.step])
            return Answered(self.person, failed=_("nobody is called while trying it out"))
        return None

    def stop(self):
        ended = [End(EndReason.OPTED_OUT, self.state.step)] if self.running else []
        self.running = None
        return ended

    def call_person(self, bot):
        self.bot_paused = True
        text = bot.operator_text.strip()
        said = [SendMessage(text_message(text), text)] if text else []
        return (*said, HandOff())
