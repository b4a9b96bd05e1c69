"""The one check of a scenario document: its form, its references, and Meta's limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from pydantic import ValidationError as DocumentError

from . import matching
from .branch_checks import check_branches
from .errors import problems_of
from .name_checks import check_names
from .reading import read_draft
from .report import Report
from .scenario import Scenario
from .step_checks import Known, check_steps
from .triggers import Keyword, Trigger


def validate(definition: Any, known: Known | None = None) -> Report:
    """
    What is wrong with a document, for a business of which this is known. Where its form is right, the references
    between steps are checked also of a document that is unfinished.
    """
    report = Report()
    try:
        scenario = Scenario.model_validate(definition)
    except DocumentError as error:
        report.errors += problems_of(error)
        if report.misshapen:
            return report
        scenario = read_draft(definition)
    known = known or Known()
    _check_triggers(scenario.triggers, report)
    _check_keywords(scenario.triggers, known.keywords or {}, report)
    check_steps(scenario, known, report)
    check_branches(scenario.steps, report)
    check_names(scenario.steps, report)
    return report


def _check_triggers(triggers: Sequence[Trigger], report: Report) -> None:
    """What starts the scenario, if anything does, and whether patterns can be read."""
    if not triggers:
        report.warn("triggers", "no_triggers", _("Nothing starts this scenario. Add a keyword, for example."))
    for position, trigger in enumerate(triggers):
        if isinstance(trigger, Keyword) and trigger.match == "regex" and trigger.value:
            try:
                matching.compiled(trigger.value)
            except ValidationError as error:
                report.error(f"triggers[{position}].value", error.code or "bad_regex", error.messages[0])


def _check_keywords(triggers: Sequence[Trigger], taken: Mapping[tuple[str, str], str], report: Report) -> None:
    """Of two scenarios with the same keyword only one would ever begin."""
    text = _("“%(word)s” starts “%(scenario)s” too, another scenario of this bot. Leave it to one of them.")
    for position, trigger in enumerate(triggers):
        if isinstance(trigger, Keyword) and trigger.value:
            other = taken.get((trigger.match, matching.compared(trigger.match, trigger.value)))
            if other is not None:
                message = text % {"word": trigger.value, "scenario": other}
                report.error(f"triggers[{position}].value", "keyword_taken", message)
