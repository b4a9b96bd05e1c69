"""The one check of a scenario document: its form, its references, and Meta's limits."""

from collections import Counter

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import content, interpolation, matching
from .engine import EXPIRES
from .fields import Choice, ListOf, OneOf, Record, Text, Whole
from .matching import folded
from .report import Report, below
from .steps import KINDS

MAX_STEPS = 300
MAX_TRIGGERS = 100

TRIGGERS = {
    "keyword": Record(
        {"kind": Text(20), "match": OneOf(tuple(matching.MATCHERS)), "value": Text(matching.MAX_PATTERN)},
        ("match", "value"),
    ),
    "first_message": Record({"kind": Text(20)}),
    "any": Record({"kind": Text(20)}),
}

DOCUMENT = Record(
    {
        "format": OneOf((1,)),
        "triggers": ListOf(Choice("kind", TRIGGERS), MAX_TRIGGERS),
        "steps": ListOf(Choice("kind", {name: kind.record() for name, kind in KINDS.items()}), MAX_STEPS),
        "expires": Whole(60, 30 * 86400),
    },
    ("format", "triggers", "steps"),
)


def validate(definition, stages=None):
    """What is wrong with a document. `stages` are the keys of the business's deal stages, where they are known."""
    report = Report()
    DOCUMENT.check(definition, "", report)
    if not report.misshapen:
        check_triggers(definition.get("triggers", []), report)
        steps = definition.get("steps", [])
        check_steps(steps, definition.get("expires", EXPIRES), stages, report)
        check_ways(steps, report)
        check_placeholders(steps, report)
    return report


# Triggers


def check_triggers(triggers, report):
    if not triggers:
        report.warn("triggers", "no_triggers", _("Nothing starts this scenario. Add a keyword, for example."))
    for position, trigger in enumerate(triggers):
        if trigger.get("match") == "regex" and trigger.get("value"):
            try:
                matching.compiled(trigger["value"])
            except ValidationError as error:
                report.error(f"triggers[{position}].value", error.code, error.messages[0])


# Each step by itself


def check_steps(steps, expires, stages, report):
    if not steps:
        report.error("steps", "no_steps", _("The scenario has no steps. Add at least one message."))
    check_unique(steps, "key", "steps", report)
    for position, step in enumerate(steps):
        path = below("steps", position)
        if step["kind"] == "menu":
            check_choices(step.get("choices", []), below(path, "choices"), report)
        if KINDS[step["kind"]].waits:
            check_waiting(step, path, expires, report)
        stage = step.get("deal", {}).get("stage", "new") if "deal" in step else None
        if stages is not None and stage is not None and stage not in stages:
            report.error(
                f"{path}.deal.stage",
                "unknown_stage",
                _("There is no deal stage “%(stage)s”. There are: %(stages)s.")
                % {"stage": stage, "stages": ", ".join(stages)},
            )


def check_unique(records, name, path, report):
    counts = Counter(folded(record[name]) for record in records if name in record)
    for position, record in enumerate(records):
        if counts[folded(record.get(name, ""))] > 1:
            report.error(
                f"{path}[{position}].{name}",
                "duplicate",
                _("“%(name)s” stands here more than once. Give each its own.") % {"name": record[name]},
            )


def check_choices(choices, path, report):
    if not choices:
        report.error(path, "no_choices", _("The menu has no choices. Add at least one."))
    check_unique(choices, "key", path, report)
    check_unique(choices, "label", path, report)
    for position, choice in enumerate(choices):
        label = choice.get("label", "")
        if len(choices) <= content.MAX_BUTTONS and len(label) > content.MAX_BUTTON_TITLE:
            report.error(
                f"{path}[{position}].label",
                "too_long",
                _("On a button WhatsApp shows at most %(limit)s characters; these are %(length)s. Shorten it.")
                % {"limit": content.MAX_BUTTON_TITLE, "length": len(label)},
            )
        if "{{" in label:
            report.error(
                f"{path}[{position}].label",
                "no_placeholders",
                _("A label is shown as it is: write it without {{ }}."),
            )


def check_waiting(step, path, expires, report):
    if "tries" in step.get("invalid", {}) and "next" not in step["invalid"]:
        report.error(
            f"{path}.invalid.next",
            "required",
            _("Say which step comes after so many wrong answers, or drop the tries."),
        )
    if step.get("timeout", {}).get("seconds", 0) >= expires:
        report.warn(
            f"{path}.timeout.seconds",
            "after_expiry",
            _("The scenario ends after %(seconds)s seconds without an answer, so this never happens. Make it shorter.")
            % {"seconds": expires},
        )


# The ways between steps


def check_ways(steps, report):
    keys = {step["key"] for step in steps if "key" in step}
    for position, step in enumerate(steps):
        for name, key in KINDS[step["kind"]].exits(step):
            if key not in keys:
                report.error(
                    f"steps[{position}].{name}",
                    "missing_step",
                    _("There is no step “%(key)s”. Choose one of the steps, or add it.") % {"key": key},
                )
    ways = ways_between(steps)
    check_loops(steps, ways, report)
    check_reachable(steps, ways, report)
    check_last(steps, report)


def ways_between(steps):
    """For each step's position the positions it may lead to."""
    positions = {step["key"]: position for position, step in reversed(list(enumerate(steps))) if "key" in step}
    ways = []
    for position, step in enumerate(steps):
        kind = KINDS[step["kind"]]
        targets = {positions[key] for _path, key in kind.exits(step) if key in positions}
        if kind.leads_onward(step) and position + 1 < len(steps):
            targets.add(position + 1)
        ways.append(targets)
    return ways


def reached_from(starts, ways):
    """Every position that can be reached from some, these included."""
    reached, open_ends = set(), list(starts)
    while open_ends:
        position = open_ends.pop()
        if position not in reached:
            reached.add(position)
            open_ends.extend(ways[position])
    return reached


def check_loops(steps, ways, report):
    """A circle in which nobody is asked anything would never end."""
    silent = [set() if KINDS[step["kind"]].waits else ways[position] for position, step in enumerate(steps)]
    told = set()
    for position, step in enumerate(steps):
        circle = reached_from(silent[position], silent)
        if position in circle and position not in told:
            told |= circle
            report.error(
                f"steps[{position}]",
                "endless_loop",
                _("From the step “%(key)s” the scenario runs in a circle without asking anything. Add a question.")
                % {"key": step.get("key", "")},
            )


def check_reachable(steps, ways, report):
    reached = reached_from([0], ways) if steps else set()
    for position, step in enumerate(steps):
        if position not in reached:
            report.warn(
                f"steps[{position}]",
                "unreachable",
                _("Nothing leads to the step “%(key)s”. Lead to it, or delete it.") % {"key": step.get("key", "")},
            )


def check_last(steps, report):
    if steps and KINDS[steps[-1]["kind"]].waits and KINDS[steps[-1]["kind"]].leads_onward(steps[-1]):
        report.warn(
            f"steps[{len(steps) - 1}]",
            "dead_end",
            _("After this answer the scenario ends without a word. Add a step that thanks, or calls a person."),
        )


# Names in texts


def check_placeholders(steps, report):
    saved = {f"vars.{step['save_to']}" for step in steps if "save_to" in step}
    for position, step in enumerate(steps):
        for path, text in texts_in(step, below("steps", position)):
            for name in interpolation.names_in(text):
                check_name(name, saved, path, report)
            if interpolation.has_leftovers(text):
                report.warn(
                    path,
                    "bad_placeholder",
                    _("Something in {{ }} cannot be read and is sent as it is. Write it like {{customer.name}}."),
                )


def check_name(name, saved, path, report):
    if not interpolation.is_known(name):
        report.warn(
            path,
            "unknown_name",
            _("“%(name)s” is not known and stays empty. Known are customer.name, customer.phone, message.text, vars.…")
            % {"name": name},
        )
    elif name.startswith("vars.") and name not in saved:
        report.warn(
            path,
            "never_saved",
            _("No step saves “%(name)s”, so it stays empty. Write its name under “Save as” of a question.")
            % {"name": name.removeprefix("vars.")},
        )


def texts_in(value, path):
    """Every text below a value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, below_it in value.items():
            yield from texts_in(below_it, below(path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from texts_in(item, below(path, position))
