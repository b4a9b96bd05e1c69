"""What is wrong with the ways between steps."""

from django.utils.translation import gettext as _

from .report import below
from .steps import KINDS

#: Free text reaches the customer so long after their last message (crm: CUSTOMER_SERVICE_WINDOW), in seconds.
WINDOW = 24 * 60 * 60


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
    check_window(steps, ways, report)


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
    silent = [set() if KINDS[step["kind"]].takes_time else ways[position] for position, step in enumerate(steps)]
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
    if steps and KINDS[steps[-1]["kind"]].asks and KINDS[steps[-1]["kind"]].leads_onward(steps[-1]):
        report.warn(
            f"steps[{len(steps) - 1}]",
            "dead_end",
            _("After this answer the scenario ends without a word. Add a step that thanks, or calls a person."),
        )


def check_window(steps, ways, report):
    """What is said after a wait of a day does not arrive, unless it is a template."""
    silent = [set() if KINDS[step["kind"]].takes_time else ways[position] for position, step in enumerate(steps)]
    told = set()
    for position, step in enumerate(steps):
        if step["kind"] == "wait" and step.get("seconds", 0) >= WINDOW:
            told |= reached_from(ways[position], silent)
    for position in sorted(told):
        if steps[position].get("text"):
            report.warn(
                f"{below('steps', position)}.text",
                "window_closed",
                _("This comes after a wait of a day or more. Then WhatsApp lets only templates through: send one."),
            )
