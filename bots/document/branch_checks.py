"""What is wrong with the branches between steps."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from .report import Report, below
from .steps import BaseStep, Wait

#: Free text reaches the customer so long after their last message (crm: CUSTOMER_SERVICE_WINDOW), in seconds.
WINDOW = 24 * 60 * 60

#: For each step's position the positions it may lead to.
Branches = list[set[int]]


def check_branches(steps: Sequence[BaseStep], report: Report) -> None:
    """Report references that lead nowhere, circles without a wait, steps that are never reached, and late texts."""
    _check_references(steps, report)
    branches = _branches_between(steps)
    silent = [set() if step.takes_time else branches[position] for position, step in enumerate(steps)]
    _check_loops(steps, silent, report)
    _check_reachable(steps, branches, report)
    _check_last(steps, report)
    _check_window(steps, branches, silent, report)


def _check_references(steps: Sequence[BaseStep], report: Report) -> None:
    keys = {step.key for step in steps if step.key}
    for position, step in enumerate(steps):
        for name, key in step.exits():
            if key not in keys:
                report.error(
                    f"steps[{position}].{name}",
                    "missing_step",
                    _("There is no step “%(key)s”. Choose one of the steps, or add it.") % {"key": key},
                )


def _branches_between(steps: Sequence[BaseStep]) -> Branches:
    """For each step's position the positions it may lead to."""
    positions = {step.key: position for position, step in reversed(list(enumerate(steps))) if step.key}
    branches = []
    for position, step in enumerate(steps):
        targets = {positions[key] for _path, key in step.exits() if key in positions}
        if step.leads_onward() and position + 1 < len(steps):
            targets.add(position + 1)
        branches.append(targets)
    return branches


def _reached_from(starts: Iterable[int], branches: Branches) -> set[int]:
    """Every position that can be reached from some, these included."""
    reached: set[int] = set()
    open_ends = list(starts)
    while open_ends:
        position = open_ends.pop()
        if position not in reached:
            reached.add(position)
            open_ends.extend(branches[position])
    return reached


def _check_loops(steps: Sequence[BaseStep], silent: Branches, report: Report) -> None:
    """A circle in which nobody is asked anything would never end. `silent`: the branches that take no time."""
    reported: set[int] = set()
    for position, step in enumerate(steps):
        circle = _reached_from(silent[position], silent)
        if position in circle and position not in reported:
            reported |= circle
            report.error(
                f"steps[{position}]",
                "endless_loop",
                _("From the step “%(key)s” the scenario loops without asking anything. Add a question.")
                % {"key": step.key},
            )


def _check_reachable(steps: Sequence[BaseStep], branches: Branches, report: Report) -> None:
    reached = _reached_from([0], branches) if steps else set()
    for position, step in enumerate(steps):
        if position not in reached:
            report.warn(
                f"steps[{position}]",
                "unreachable",
                _("Nothing leads to the step “%(key)s”. Lead to it, or delete it.") % {"key": step.key},
            )


def _check_last(steps: Sequence[BaseStep], report: Report) -> None:
    if steps and steps[-1].asks and steps[-1].leads_onward():
        report.warn(
            f"steps[{len(steps) - 1}]",
            "dead_end",
            _("After this answer the scenario ends without a word. Add a step that thanks, or calls a person."),
        )


def _check_window(steps: Sequence[BaseStep], branches: Branches, silent: Branches, report: Report) -> None:
    """What is said after a wait of a day does not arrive, unless it is a template."""
    late: set[int] = set()
    for position, step in enumerate(steps):
        if isinstance(step, Wait) and step.seconds >= WINDOW:
            late |= _reached_from(branches[position], silent)
    for position in sorted(late):
        if getattr(steps[position], "text", None):
            report.warn(
                f"{below('steps', position)}.text",
                "window_closed",
                _("This comes after a wait of a day or more. Then WhatsApp lets only templates through: send one."),
            )
