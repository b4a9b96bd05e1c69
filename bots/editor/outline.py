"""The picture of a scenario: its steps in order, and where each may lead."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.engine.conditions import WITHOUT_VALUE
from bots.engine.interpolation import as_text
from bots.engine.steps import KINDS

from .labels import duration


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
        ways.append(Way(onward(step), following[0].get("key", "") if following else None))
    return Node(step.get("key", ""), kind.name, about(step), tuple(ways))


def about(step):
    """What a step does, in words: what it says, if it speaks."""
    describe = DESCRIPTIONS.get(step["kind"])
    return describe(step) if describe else step.get("text", "")


def condition(step):
    rules = [rule_in_words(rule) for rule in step.get("rules", [])]
    return (_(" or ") if step.get("match") == "any" else _(" and ")).join(rules)


def rule_in_words(rule):
    op = OPS.get(rule.get("op"), "")
    value = f"“{as_text(rule['value'])}”" if "value" in rule and rule.get("op") not in WITHOUT_VALUE else ""
    return " ".join(filter(None, (rule.get("field", ""), str(op), value)))


def wait(step):
    return duration(step["seconds"]) if "seconds" in step else ""


def template(step):
    return f"{step.get('template', '')} ({step.get('language', '')})"


def http(step):
    return f"{step.get('method', '')} {step.get('url', '')}"


DESCRIPTIONS = {"condition": condition, "wait": wait, "template": template, "http": http}

#: How a rule compares, in words.
OPS = {
    "equals": gettext_lazy("is"),
    "not_equals": gettext_lazy("is not"),
    "contains": gettext_lazy("contains"),
    "greater": gettext_lazy("is greater than"),
    "less": gettext_lazy("is less than"),
    "is_set": gettext_lazy("is known (or: yes)"),
    "in_tags": gettext_lazy("has the tag"),
}

#: When a reference to another step is followed, by its path.
WHEN = {
    "invalid.next": gettext_lazy("after wrong answers"),
    "timeout.next": gettext_lazy("without an answer"),
    "then": gettext_lazy("if it is so"),
    "otherwise": gettext_lazy("otherwise"),
    "failed": gettext_lazy("if it does not work"),
}


def onward(step):
    """When it goes on to the following step, in words."""
    if step["kind"] != "condition":
        return _("then")
    missing = [WHEN[name] for name in ("then", "otherwise") if name not in step]
    return missing[0] if len(missing) == 1 else _("then")


def when(path, step):
    """The condition under which a reference is followed, in words."""
    if path.startswith("choices["):
        position = int(path.removeprefix("choices[").partition("]")[0])
        return _("“%(label)s”") % {"label": step["choices"][position].get("label", "")}
    return WHEN.get(path) or _("then")


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
