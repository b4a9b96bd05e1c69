"""How a scenario that is saved differs from one that somebody else was typing meanwhile, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.tenancy.revision_form import with_plain_ends
from bots.document.interpolation import as_text
from bots.document.reading import read_draft

from .outline import OPS, starts
from .step_forms import StepForm


@dataclass(frozen=True)
class Difference:
    """What is said of a part of the scenario, and what of it is saved, line by line."""

    title: str
    lines: tuple[str, ...] = ()


def differences(saved: dict[str, Any], typed: dict[str, Any]) -> list[Difference]:
    """What is saved otherwise than it was typed: what starts the scenario, then its steps in the order of both."""
    saved, typed = _with_plain_ends(saved), _with_plain_ends(typed)
    return [*_of_starts(saved, typed), *_of_order(saved, typed), *_of_steps(_by_key(saved), _by_key(typed))]


def _with_plain_ends(value: Any) -> Any:
    """A document without the line ends that browsers send."""
    match value:
        case str():
            return with_plain_ends(value)
        case dict():
            return {key: _with_plain_ends(item) for key, item in value.items()}
        case list():
            return [_with_plain_ends(item) for item in value]
    return value


def _by_key(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step.get("key", ""): step for step in definition["steps"]}


def _of_starts(saved: dict[str, Any], typed: dict[str, Any]) -> Iterator[Difference]:
    if read_draft(saved).triggers != read_draft(typed).triggers:
        yield Difference(_("What starts it is saved otherwise:"), tuple(starts(saved)) or ("—",))


def _of_order(saved: dict[str, Any], typed: dict[str, Any]) -> Iterator[Difference]:
    both = _by_key(saved).keys() & _by_key(typed).keys()
    order, own = ([key for key in _by_key(document) if key in both] for document in (saved, typed))
    if order != own:
        yield Difference(_("The steps are saved in another order:"), (", ".join(_by_key(saved)),))


def _of_steps(saved: dict[str, dict[str, Any]], typed: dict[str, dict[str, Any]]) -> Iterator[Difference]:
    for key, step in saved.items():
        if key not in typed:
            yield Difference(_("Step “%(key)s” is saved; yours lacks it:") % {"key": key}, tuple(_lines(step, {})))
        elif lines := tuple(_lines(step, typed[key])):
            yield Difference(_("Step “%(key)s” is saved otherwise:") % {"key": key}, lines)
    for key in typed.keys() - saved.keys():
        yield Difference(_("Step “%(key)s” is in yours only.") % {"key": key})


def _lines(step: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    """The fields of a saved step that are not the same in another, with their labels."""
    row, compared = StepForm.from_document(step), StepForm.from_document(other) if other else {}
    for name, field in StepForm.base_fields.items():
        value, own = row.get(name), compared.get(name)
        if name != "key" and value != own:
            choices = dict(getattr(field, "choices", ()))
            shown = str(choices.get(value, "")) if choices and value else _text(field.prepare_value(value))
            yield f"{field.label}: {shown or '—'}"
    if row["choices"] != compared.get("choices", []):
        yield f"{_('Choices')}: {'; '.join(map(_choice_text, row['choices'])) or '—'}"
    if row["rules"] != compared.get("rules", []):
        yield f"{_('Rules')}: {'; '.join(map(_rule_text, row['rules'])) or '—'}"


def _text(value: Any) -> str:
    return "" if value is None else as_text(value)


def _choice_text(choice: dict[str, Any]) -> str:
    label = f"“{choice.get('label', '')}”"
    return f"{label} → {choice['next']}" if choice.get("next") else label


def _rule_text(rule: dict[str, Any]) -> str:
    return " ".join(filter(None, (rule.get("field"), str(OPS.get(rule.get("op", ""), "")), rule.get("value"))))
