"""The picture of a scenario: its steps in order, and where each may lead."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .steps import KINDS


@dataclass(frozen=True)
class Way:
    """`when` it is taken and the step it leads to; None: the scenario ends."""

    when: str
    to: str | None


@dataclass(frozen=True)
class Node:
    key: str
    kind: str
    text: str
    ways: tuple[Way, ...]


def nodes(definition):
    """The steps of a document, also of one that is unfinished."""
    steps = definition.get("steps", [])
    return [node(step, steps[position + 1 : position + 2]) for position, step in enumerate(steps)]


def node(step, following):
    kind = KINDS[step["kind"]]
    ways = [Way(when(path, step), key) for path, key in kind.exits(step)]
    if kind.leads_onward(step):
        ways.append(Way(_("then"), following[0].get("key", "") if following else None))
    return Node(step.get("key", ""), kind.name, step.get("text", ""), tuple(ways))


def when(path, step):
    """The condition under which a reference is followed, in words."""
    if path.startswith("choices["):
        position = int(path.removeprefix("choices[").partition("]")[0])
        return _("“%(label)s”") % {"label": step["choices"][position].get("label", "")}
    if path == "invalid.next":
        return _("after wrong answers")
    if path == "timeout.next":
        return _("without an answer")
    return _("then")


def start_of(trigger):
    """What a trigger is in one word: how its keyword is compared, or its kind."""
    return trigger.get("match", "contains") if trigger["kind"] == "keyword" else trigger["kind"]


def starts(definition):
    """What starts a scenario, in words."""
    return [in_words(start_of(trigger), trigger.get("value", "")) for trigger in definition.get("triggers", [])]


def in_words(start, value):
    return {
        "equals": _("the message is exactly “%(value)s”"),
        "contains": _("the message contains the word “%(value)s”"),
        "starts": _("the message starts with “%(value)s”"),
        "regex": _("the message matches the pattern “%(value)s”"),
        "first_message": _("the first message of a customer"),
        "any": _("any message"),
    }[start] % {"value": value}
