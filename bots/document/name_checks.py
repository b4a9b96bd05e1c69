"""What is wrong with the names that texts and conditions ask for."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from . import interpolation
from .part import Part
from .report import Report, below
from .steps import BaseStep, Condition


def check_names(steps: Sequence[BaseStep], report: Report) -> None:
    """Warn of names that are never saved or not known, and of placeholders that cannot be read."""
    saved = saved_names(steps)
    for position, step in enumerate(steps):
        if isinstance(step, Condition):
            for number, rule in enumerate(step.rules):
                _check_saved(rule.field, saved, f"steps[{position}].rules[{number}].field", report)
        for path, text in _texts_in(step, below("steps", position)):
            for name in interpolation.names_in(text):
                _check_name(name, saved, path, report)
            if interpolation.has_leftovers(text):
                report.warn(
                    path,
                    "bad_placeholder",
                    _("Something in {{ }} cannot be read and is sent as it is. Write it like {{customer.name}}."),
                )


def saved_names(steps: Sequence[BaseStep]) -> set[str]:
    """The names under which steps save something."""
    names = (getattr(step, "save_to", None) for step in steps)
    return {f"vars.{name}" for name in names if name is not None}


def _check_name(name: str, saved: set[str], path: str, report: Report) -> None:
    if interpolation.is_known(name):
        _check_saved(name, saved, path, report)
    else:
        report.warn(
            path,
            "unknown_name",
            _(
                "“%(name)s” is not known and stays empty. Known are customer.name, customer.phone, message.text, "
                "message.form.…, vars.…"
            )
            % {"name": name},
        )


def _check_saved(name: str, saved: set[str], path: str, report: Report) -> None:
    """`vars.reply.title` is what a step saved as `reply`, whatever that holds."""
    if name.startswith("vars.") and ".".join(name.split(".")[:2]) not in saved:
        report.warn(
            path,
            "never_saved",
            _("No step saves “%(name)s”, so it stays empty. Write its name under “Save as” of a question.")
            % {"name": name.removeprefix("vars.")},
        )


def _texts_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The path and the text of every text below a value."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _texts_in(item, below(path, position))
    elif isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            yield from _texts_in(getattr(value, name), below(path, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts_in(item, below(path, key))
