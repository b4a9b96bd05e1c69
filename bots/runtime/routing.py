"""What answers a message: which scenario begins or continues, or whether a person is called. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bots.document.matching import calls_for, is_same, matches
from bots.document.part import Part
from bots.document.scenario import Scenario
from bots.document.steps import Menu
from bots.document.triggers import AnyMessage, FirstMessage, Keyword
from bots.engine.content import choice_id
from bots.models import Bot, ScenarioVersion
from crm.customers.opt_out import asks_to_stop
from crm.normalization import normalize


@dataclass(frozen=True)
class Candidate:
    """A scenario that may begin, and its document. `version` is empty when a draft is tried out."""

    bot: Bot
    scenario_id: int
    name: str
    document: Scenario
    version: ScenarioVersion | None = None

    def has_keyword(self, text: str) -> bool:
        return any(matches(trigger.match, trigger.value, text) for trigger in self.document.triggers_of(Keyword))


class _GlobalWord(Enum):
    """A word that the bot itself understands, whatever runs."""

    MENU = "menu"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Running:
    """
    The conversation's session: its scenario, the document that it runs, and the step where it waits. `asks`: it waits
    for an answer, and not for a time.
    """

    scenario_id: int
    asks: bool
    document: Scenario | None = None
    step: str | None = None


@dataclass(frozen=True)
class Arrival:
    """
    A message as it is routed. `payload` names a tapped button, `owned`: a person owns the conversation. `is_first`:
    the customer has never written before. `opt_out_words` are the business's own.
    """

    text: str
    payload: str = ""
    owned: bool = False
    running: Running | None = None
    is_first: bool = False
    opt_out_words: Sequence[str] = ()


@dataclass(frozen=True)
class Begin:
    """A scenario begins, perhaps at the menu of a tapped button; one that runs is over."""

    candidate: Candidate
    step: str | None = None


@dataclass(frozen=True)
class Continue:
    """The running session takes the message, perhaps at an earlier menu of its own whose button was tapped."""

    step: str | None = None


@dataclass(frozen=True)
class KeepWaiting:
    """The running session goes on waiting for a time; the message is left to people."""


@dataclass(frozen=True)
class CallPerson:
    """The customer asked for a person."""

    bot: Bot


@dataclass(frozen=True)
class Stop:
    """The customer wants no more messages: what runs is over, and nothing is said."""


Route = Begin | Continue | KeepWaiting | CallPerson | Stop


def route(arrival: Arrival, candidates: Sequence[Candidate]) -> Route | None:
    """
    Who takes a message, in this order: nobody after an opt-out word, or where a person owns the conversation; the
    bots' own words; the menu whose button was tapped; the scenario that runs and asks; a button that names a
    scenario; a keyword; the first message ever; any message; None: nobody. A scenario that has a bot's own word as its
    keyword is what the word means.

    A scenario that waits for a time gives way to a button and a keyword, and to nothing less.
    """
    if asks_to_stop(arrival.text, arrival.opt_out_words):
        return Stop()
    if arrival.owned:
        return None
    word, bot = _global_word(candidates, arrival.text)
    if word and bot:
        return _by_word(word, bot, arrival, candidates)
    if menu := _with_menu(candidates, arrival):
        return menu
    if arrival.running and arrival.running.asks:
        return Continue()
    candidate = _with_name(candidates, arrival.payload)
    if candidate:
        return Begin(candidate)
    candidate = _with_keyword(candidates, arrival.text)
    if candidate is None and arrival.running:
        return KeepWaiting()
    if candidate is None and arrival.is_first:
        candidate = _with_trigger(candidates, FirstMessage)
    candidate = candidate or _with_trigger(candidates, AnyMessage)
    return Begin(candidate) if candidate else None


def _by_word(word: _GlobalWord, bot: Bot, arrival: Arrival, candidates: Sequence[Candidate]) -> Route | None:
    """What one of the bots' own words leads to."""
    candidate = _with_keyword(candidates, arrival.text)
    if candidate is None and word is _GlobalWord.OPERATOR:
        return CallPerson(bot)
    candidate = candidate or _beginning(candidates, arrival.running)
    if candidate:
        return Begin(candidate)
    return Continue() if arrival.running and arrival.running.asks else None


def _global_word(candidates: Sequence[Candidate], text: str) -> tuple[_GlobalWord, Bot] | tuple[None, None]:
    """The bot's own word that a text is, and that bot; (None, None) for any other text."""
    said = normalize(text)
    for candidate in candidates if said else ():
        bot = candidate.bot
        if any(is_same(normalize(word), said) for word in bot.menu_words):
            return _GlobalWord.MENU, bot
        if any(calls_for(normalize(word), said) for word in bot.operator_words):
            return _GlobalWord.OPERATOR, bot
    return None, None


def _beginning(candidates: Sequence[Candidate], running: Running | None) -> Candidate | None:
    """Where "menu" leads: to how a conversation begins, or to the beginning of what is running."""
    return (
        _with_trigger(candidates, FirstMessage)
        or _with_trigger(candidates, AnyMessage)
        or next((it for it in candidates if running and it.scenario_id == running.scenario_id), None)
    )


def _with_menu(candidates: Sequence[Candidate], arrival: Arrival) -> Continue | Begin | None:
    """
    Where a tapped button of a menu leads. Menus of two scenarios may have buttons of one id: then what stands on it
    decides, else who waits, what runs, and who comes first.
    """
    if not arrival.payload:
        return None
    running = arrival.running
    places: list[tuple[Menu, Continue | Begin]] = []
    if running and running.document:
        menus = sorted(_menus(running.document), key=lambda menu: menu.key != running.step)
        places += [(menu, Continue(menu.key if menu.key != running.step else None)) for menu in menus]
    for candidate in candidates:
        places += [(menu, Begin(candidate, menu.key)) for menu in _menus(candidate.document)]
    found = [(label, way) for menu, way in places if (label := _label(menu, arrival.payload)) is not None]
    ways = [way for label, way in found if label == arrival.text] or [way for _label, way in found]
    return ways[0] if ways else None


def _menus(document: Scenario) -> list[Menu]:
    return [step for step in document.steps if isinstance(step, Menu)]


def _label(menu: Menu, payload: str) -> str | None:
    """What stands on a button of a menu, by the button's id; None where the menu has no such button."""
    return next((it.label for it in menu.choices if choice_id(menu.key, it.key) == payload), None)


def _with_name(candidates: Sequence[Candidate], payload: str) -> Candidate | None:
    """The scenario that bears the name in a button's payload."""
    return next((it for it in candidates if payload and normalize(it.name) == normalize(payload)), None)


def _with_keyword(candidates: Sequence[Candidate], text: str) -> Candidate | None:
    return next((it for it in candidates if text and it.has_keyword(text)), None)


def _with_trigger(candidates: Sequence[Candidate], kind: type[Part]) -> Candidate | None:
    return next((it for it in candidates if it.document.triggers_of(kind)), None)
