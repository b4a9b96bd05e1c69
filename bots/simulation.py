"""A chat with a bot that nobody else sees: the same routing and engine, nothing stored and nothing sent."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from .content import text_message
from .effects import Effect, End, HandOff, SendMessage, SetCustomer
from .engine import State, advance
from .events import Person, Said
from .routing import Begin, CallPerson, Entry, decide, published
from .scenarios import BrokenScenario, check

MAX_MESSAGES = 100


@dataclass(frozen=True)
class SimulatedTurn:
    """One message to the bot and what came of it."""

    text: str
    effects: tuple[Effect, ...]

    @property
    def answers(self):
        return [effect for effect in self.effects if isinstance(effect, SendMessage)]


def simulate(bot, messages, draft=False):
    """
    What a bot would answer to these messages of a new customer; by its drafts if wanted, else by what is published.
    Raises BrokenScenario for a draft with errors.
    """
    return chat(bot, drafts(bot) if draft else published(bot=bot), messages)


def simulate_draft(scenario, messages):
    """The same for one scenario's draft alone. Raises BrokenScenario."""
    return chat(scenario.bot, [draft_of(scenario)], messages)


def drafts(bot):
    """What may begin if a bot's active drafts were published. Raises BrokenScenario."""
    return [draft_of(scenario) for scenario in bot.scenarios.filter(is_active=True).order_by("id")]


def draft_of(scenario):
    report = check(scenario)
    if report.errors:
        raise BrokenScenario(report)
    return Entry(scenario.bot, scenario.pk, scenario.definition)


def chat(bot, entries, messages):
    customer = Chat(bot, entries)
    with translation.override(bot.business.language):
        return [SimulatedTurn(text, customer.answer(text)) for text in messages]


class Chat:
    """The state of a simulated conversation."""

    def __init__(self, bot, entries):
        self.bot = bot
        self.entries = entries
        self.person = Person(country=bot.business.country)
        self.now = timezone.localtime(timezone=ZoneInfo(bot.business.time_zone))
        self.state = State()
        self.running: Entry | None = None
        self.bot_paused = False
        self.is_first = True

    def answer(self, text):
        if self.bot_paused:
            return ()
        running_id = self.running and self.running.scenario_id
        first, self.is_first = self.is_first, False
        decision = decide(self.entries, running_id, text, lambda: first)
        if decision is None:
            return ()
        if isinstance(decision, CallPerson):
            return self.call_person(decision.bot)
        if isinstance(decision, Begin):
            self.running = decision.entry
            self.state = self.state.begin_another()
        return self.advance(Said(self.person, text))

    def advance(self, event):
        self.state, effects = advance(self.running.definition, self.state, event, self.now)
        if isinstance(effects[-1], End):
            self.running = None
        for effect in effects:
            if isinstance(effect, SetCustomer):
                self.person = self.person.with_news(effect.name, effect.attributes)
            self.bot_paused = self.bot_paused or isinstance(effect, HandOff)
        return effects

    def call_person(self, bot):
        self.bot_paused = True
        text = bot.operator_text.strip()
        said = [SendMessage(text_message(text), text)] if text else []
        return (*said, HandOff())
