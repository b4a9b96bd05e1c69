"""What is wrong with the names that texts and conditions ask for."""

from django.utils.translation import gettext as _

from . import interpolation
from .report import below


def check_names(steps, report):
    saved = saved_names(steps)
    for position, step in enumerate(steps):
        for number, rule in enumerate(step.get("rules", ())):
            check_saved(rule.get("field", ""), saved, f"steps[{position}].rules[{number}].field", report)
        for path, text in texts_in(step, below("steps", position)):
            for name in interpolation.names_in(text):
                check_name(name, saved, path, report)
            if interpolation.has_leftovers(text):
                report.warn(
                    path,
                    "bad_placeholder",
                    _("Something in {{ }} cannot be read and is sent as it is. Write it like {{customer.name}}."),
                )


def saved_names(steps):
    """The names under which steps keep something."""
    return {f"vars.{step['save_to']}" for step in steps if "save_to" in step}


def check_name(name, saved, path, report):
    if interpolation.is_known(name):
        check_saved(name, saved, path, report)
    else:
        report.warn(
            path,
            "unknown_name",
            _("“%(name)s” is not known and stays empty. Known are customer.name, customer.phone, message.text, vars.…")
            % {"name": name},
        )


def check_saved(name, saved, path, report):
    """`vars.reply.title` is what a step saved as `reply`, whatever that holds."""
    if name.startswith("vars.") and ".".join(name.split(".")[:2]) not in saved:
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
