"""What answers a message: which published scenario begins, goes on, or whether a person is called."""

from dataclasses import dataclass
from enum import Enum

from .matching import folded, matches
from .models import Bot, ScenarioVersion


@dataclass(frozen=True)
class Entry:
    """A scenario that may begin, in the words that are live. `version` is empty when a draft is tried out."""

    bot: Bot
    scenario_id: int
    definition: dict
    version: ScenarioVersion | None = None

    def triggers(self, kind):
        return [trigger for trigger in self.definition["triggers"] if trigger["kind"] == kind]

    def has_keyword(self, text):
        return any(matches(trigger["match"], trigger["value"], text) for trigger in self.triggers("keyword"))


def published(**conditions):
    """The latest versions of active scenarios, in order of priority; `conditions` are about the scenario's row."""
    versions = (
        ScenarioVersion.objects.latest_of_each()
        .filter(scenario__is_active=True, **{f"scenario__{name}": value for name, value in conditions.items()})
        .select_related("scenario__bot")
        .order_by("scenario__bot__priority", "scenario__bot_id", "scenario_id")
    )
    return [Entry(version.scenario.bot, version.scenario_id, version.definition, version) for version in versions]


def live(number_id):
    """What may begin on a number: the published scenarios of its active bots."""
    return published(bot__whatsapp_number=number_id, bot__is_active=True)


class GlobalWord(Enum):
    MENU = "menu"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Begin:
    """A scenario begins; one that runs is over."""

    entry: Entry


@dataclass(frozen=True)
class GoOn:
    """The running session takes the message."""


@dataclass(frozen=True)
class CallPerson:
    """The customer asked for a person."""

    bot: Bot


def decide(entries, running_id, text, is_first):
    """
    Who takes a message: the bots' own words, then the running scenario, then keywords, then the first message ever,
    then any message; None: nobody. A scenario that has a bot's own word as its keyword is what the word means.

    `running_id` is the running session's scenario, or None. `is_first` is called when it matters.
    """
    word, bot = global_word(entries, text)
    if word is None and running_id is not None:
        return GoOn()
    entry = with_keyword(entries, text)
    if word is GlobalWord.OPERATOR and entry is None:
        return CallPerson(bot)
    if word is GlobalWord.MENU:
        entry = entry or beginning(entries, running_id)
        if entry is None and running_id is not None:
            return GoOn()
    elif entry is None and is_first():
        entry = with_trigger(entries, "first_message")
    entry = entry or with_trigger(entries, "any")
    return Begin(entry) if entry else None


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
        with_trigger(entries, "first_message")
        or with_trigger(entries, "any")
        or next((entry for entry in entries if entry.scenario_id == running_id), None)
    )


def with_keyword(entries, text):
    return next((entry for entry in entries if text and entry.has_keyword(text)), None)


def with_trigger(entries, kind):
    return next((entry for entry in entries if entry.triggers(kind)), None)
