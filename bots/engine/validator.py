"""The one check of a scenario document: its form, its references, and Meta's limits."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from . import matching
from .branch_checks import check_ways
from .engine import EXPIRES
from .fields import Choice, ListOf, OneOf, Record, Text, Whole
from .name_checks import check_names
from .report import Report
from .step_checks import Known, check_steps
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


def validate(definition, known=None):
    """What is wrong with a document, for a business of which this is known."""
    report = Report()
    DOCUMENT.check(definition, "", report)
    if not report.misshapen:
        check_triggers(definition.get("triggers", []), report)
        steps = definition.get("steps", [])
        check_steps(steps, definition.get("expires", EXPIRES), known or Known(), report)
        check_ways(steps, report)
        check_names(steps, report)
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
