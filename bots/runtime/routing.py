"""What answers a message: which published scenario begins, goes on, or whether a person is called."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bots.document.matching import folded, matches
from bots.document.scenario import Scenario
from bots.document.steps import Menu
from bots.document.triggers import AnyMessage, FirstMessage, Keyword
from bots.engine.content import choice_id
from bots.models import Bot, ScenarioVersion
from crm.customers.opt_out import asks_to_stop


@dataclass(frozen=True)
class Entry:
    """A scenario that may begin, in the words that are live. `version` is empty when a draft is tried out."""

    bot: Bot
    scenario_id: int
    name: str
    document: Scenario
    version: ScenarioVersion | None = None

    def has_keyword(self, text):
        return any(matches(trigger.match, trigger.value, text) for trigger in self.document.triggers_of(Keyword))

    def menu_with(self, payload):
        """The key of the menu to which a button belongs, or None."""
        menus = (step for step in self.document.steps if isinstance(step, Menu))
        return next(
            (menu.key for menu in menus if any(choice_id(menu.key, it.key) == payload for it in menu.choices)), None
        )


def published(**conditions):
    """The latest versions of active scenarios, in order of priority; `conditions` are about the scenario's row."""
    versions = (
        ScenarioVersion.objects.latest_of_each()
        .filter(scenario__is_active=True, **{f"scenario__{name}": value for name, value in conditions.items()})
        .select_related("scenario__bot")
        .order_by("scenario__bot__priority", "scenario__bot_id", "scenario_id")
    )
    return [
        Entry(version.scenario.bot, version.scenario_id, version.scenario.name, version.document, version)
        for version in versions
    ]


def live(number_id):
    """What may begin on a number: the published scenarios of its active bots."""
    return published(bot__whatsapp_number=number_id, bot__is_active=True)


class GlobalWord(Enum):
    MENU = "menu"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Running:
    """The conversation's session. `asks`: it waits for an answer, and not for a time."""

    scenario_id: int
    asks: bool


@dataclass(frozen=True)
class Arrival:
    """
    A message as it is routed. `payload` names a tapped button, `owned`: a person owns the conversation. `is_first`
    tells whether the customer has never written before; it is called when it matters.
    """

    text: str
    payload: str = ""
    owned: bool = False
    running: Running | None = None
    is_first: Callable = bool


@dataclass(frozen=True)
class Begin:
    """A scenario begins, perhaps at the menu of a tapped button; one that runs is over."""

    entry: Entry
    step: str | None = None


@dataclass(frozen=True)
class GoOn:
    """The running session takes the message."""


@dataclass(frozen=True)
class LetWait:
    """The running session waits for a time and goes on waiting; the message is left to people."""


@dataclass(frozen=True)
class CallPerson:
    """The customer asked for a person."""

    bot: Bot


@dataclass(frozen=True)
class Stop:
    """The customer wants no more messages: what runs is over, and nothing is said."""


def decide(arrival, entries):
    """
    Who takes a message, in this order: nobody after an opt-out word, or where a person owns the conversation; the
    bots' own words; the scenario that runs and asks; a tapped button; a keyword; the first message ever; any message;
    None: nobody. A scenario that has a bot's own word as its keyword is what the word means.

    A scenario that waits for a time gives way to a button and a keyword, and to nothing less. `entries` is called for
    the scenarios that may begin.
    """
    if asks_to_stop(arrival.text):
        return Stop()
    if arrival.owned:
        return None
    entries, running = entries(), arrival.running
    word, bot = global_word(entries, arrival.text)
    if word:
        return by_word(word, bot, arrival, entries)
    if running and running.asks:
        return GoOn()
    if begin := with_button(entries, arrival.payload):
        return begin
    entry = with_keyword(entries, arrival.text)
    if entry is None and running:
        return LetWait()
    if entry is None and (welcome := with_trigger(entries, FirstMessage)) and arrival.is_first():
        entry = welcome
    entry = entry or with_trigger(entries, AnyMessage)
    return Begin(entry) if entry else None


def by_word(word, bot, arrival, entries):
    """What one of the bots' own words leads to."""
    entry = with_keyword(entries, arrival.text)
    if entry is None and word is GlobalWord.OPERATOR:
        return CallPerson(bot)
    entry = entry or beginning(entries, arrival.running and arrival.running.scenario_id)
    if entry:
        return Begin(entry)
    return GoOn() if arrival.running and arrival.running.asks else None


def global_word(entries, text):
    """The bot's own word that a text is, and that bot; (None, None) for any other text."""
    said = folded(text)
    for entry in entries:
        for word, words in (
            (GlobalWord.MENU, entry.bot.menu_words),
            (GlobalWord.OPERATOR, entry.bot.operator_words),
        ):
            if said and said in map(folded, words):
                return word, entry.bot
    return None, None


def beginning(entries, running_id):
    """Where "menu" leads: to how a conversation begins, or to the beginning of what is running."""
    return (
        with_trigger(entries, FirstMessage)
        or with_trigger(entries, AnyMessage)
        or next((entry for entry in entries if entry.scenario_id == running_id), None)
    )


def with_button(entries, payload):
    """Where a tapped button leads: to its menu, or to the scenario that bears the name in its payload."""
    for entry in entries:
        if payload and (step := entry.menu_with(payload)):
            return Begin(entry, step)
    named = next((entry for entry in entries if payload and folded(entry.name) == folded(payload)), None)
    return Begin(named) if named else None


def with_keyword(entries, text):
    return next((entry for entry in entries if text and entry.has_keyword(text)), None)


def with_trigger(entries, kind):
    return next((entry for entry in entries if entry.document.triggers_of(kind)), None)
