"""The picture of a scenario: its steps in order, and where each may lead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bots.document.interpolation import as_text
from bots.document.reading import read_draft
from bots.document.steps import (
    OPS_WITHOUT_VALUE,
    BaseStep,
    Condition,
    HttpRequest,
    Menu,
    Rule,
    Template,
    Wait,
)
from bots.document.triggers import Keyword, Trigger

from .labels import STEP_KINDS, duration


@dataclass(frozen=True)
class Branch:
    """`when` it is taken and the step it leads to; None: the scenario ends."""

    when: str
    to: str | None


@dataclass(frozen=True)
class Node:
    key: str
    kind: str
    text: str
    branches: tuple[Branch, ...]


def nodes(definition: dict[str, Any]) -> list[Node]:
    """The steps of a document, also of one that is unfinished."""
    steps = read_draft(definition).steps
    return [node(step, steps[position + 1 : position + 2]) for position, step in enumerate(steps)]


def node(step: BaseStep, following: Sequence[BaseStep]) -> Node:
    branches = [Branch(when(path, step), key) for path, key in step.exits()]
    if step.leads_onward():
        branches.append(Branch(onward(step), following[0].key if following else None))
    return Node(step.key, str(STEP_KINDS[step.kind]), about(step), tuple(branches))


def about(step: BaseStep) -> str:
    """What a step does, in words: what it says, if it speaks."""
    match step:
        case Condition():
            return (_(" or ") if step.match == "any" else _(" and ")).join(map(rule_text, step.rules))
        case Wait():
            return duration(step.seconds) if step.seconds else ""
        case Template():
            return f"{step.template} ({step.language})"
        case HttpRequest():
            return f"{step.method} {step.url}"
    return getattr(step, "text", None) or ""


def rule_text(rule: Rule) -> str:
    op = str(OPS.get(rule.op, ""))
    value = f"“{as_text(rule.value)}”" if rule.value is not None and rule.op not in OPS_WITHOUT_VALUE else ""
    return " ".join(filter(None, (rule.field, op, value)))


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


def onward(step: BaseStep) -> str:
    """When it goes on to the following step, in words."""
    if not isinstance(step, Condition):
        return _("then")
    missing = [name for name in ("then", "otherwise") if getattr(step, name) is None]
    return str(WHEN[missing[0]]) if len(missing) == 1 else _("then")


def when(path: str, step: BaseStep) -> str:
    """The condition under which a reference is followed, in words."""
    if isinstance(step, Menu) and path.startswith("choices["):
        position = int(path.removeprefix("choices[").partition("]")[0])
        return _("“%(label)s”") % {"label": step.choices[position].label}
    return str(WHEN.get(path) or _("then"))


def start_of(trigger: Trigger) -> str:
    """What a trigger is in one word: how its keyword is compared, or its kind."""
    return trigger.match or "contains" if isinstance(trigger, Keyword) else trigger.kind


def starts(definition: dict[str, Any]) -> list[str]:
    """What starts a scenario, in words."""
    triggers = read_draft(definition).triggers
    return [trigger_text(start_of(trigger), getattr(trigger, "value", "")) for trigger in triggers]


def trigger_text(start: str, value: str) -> str:
    return {
        "equals": _("the message is exactly “%(value)s”"),
        "contains": _("the message contains the word “%(value)s”"),
        "starts": _("the message starts with “%(value)s”"),
        "regex": _("the message matches the pattern “%(value)s”"),
        "first_message": _("the first message of a customer"),
        "any": _("any message"),
    }[start] % {"value": value}
