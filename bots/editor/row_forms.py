"""The small rows of a scenario's form: its triggers, the choices of a menu, the rules of a condition."""

from itertools import count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.formsets import LimitedFormSet
from bots.document.interpolation import as_text
from bots.document.limits import (
    MAX_FIELD,
    MAX_KEY,
    MAX_ROW_TITLE,
    MAX_ROWS,
    MAX_RULE_VALUE,
    MAX_RULES,
    MAX_TRIGGERS,
)
from bots.document.report import Problem
from bots.document.steps import OPS_WITHOUT_VALUE
from bots.document.triggers import Keyword, Trigger

from .outline import OPS, start_of

#: How many rows too many a form still shows again.
SPARE_ROWS = 10

STEP_KEYS = {"list": "step-keys"}


def short_text(label: Any, attrs: dict[str, str] | None = None, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs), **options)


def long_text(label: Any, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})
    return forms.CharField(label=label, required=False, strip=False, widget=widget, **options)


def step_key(label: Any, **options: Any) -> forms.CharField:
    """A reference to a step."""
    return short_text(label, STEP_KEYS, max_length=MAX_KEY, **options)


class RowForm(forms.Form):
    """A row that knows what the validator says about it: `problems` maps the name of a field to problems."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problems: dict[str, list[Problem]] = {}

    def note(self, name: str, problem: Problem) -> None:
        self.problems.setdefault(name if name in self.fields else "", []).append(problem)

    @classmethod
    def places(cls) -> dict[str, tuple[str, ...]]:
        """The form's fields → where they stand in the row's part of the document, if not under their own names."""
        return {}

    @property
    def row_problems(self) -> list[Problem]:
        """What is wrong with the row as a whole."""
        return self.problems.get("", [])


class TriggerForm(RowForm):
    KINDS = [
        ("equals", _("the message is exactly")),
        ("contains", _("the message contains the word")),
        ("starts", _("the message starts with")),
        ("regex", _("the message matches the pattern")),
        ("first_message", _("the first message of a customer")),
        ("any", _("any message")),
    ]
    KEYWORDS = Keyword.literals("match")

    kind = forms.ChoiceField(label=_("Starts when"), choices=KINDS, initial="contains")
    value = short_text(_("Word"))

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or self.cleaned_data
        if cleaned_data.get("kind") in self.KEYWORDS and not cleaned_data.get("value"):
            self.add_error("value", ValidationError(_("Write the word."), code="required"))
        return cleaned_data

    def as_document(self) -> dict[str, Any]:
        kind = self.cleaned_data["kind"]
        if kind in self.KEYWORDS:
            return {"kind": "keyword", "match": kind, "value": self.cleaned_data["value"]}
        return {"kind": kind}

    @staticmethod
    def from_document(trigger: Trigger) -> dict[str, str]:
        return {"kind": start_of(trigger), "value": getattr(trigger, "value", "")}


class RuleForm(RowForm):
    """A rule of a condition."""

    field = short_text(_("What"), {"list": "rule-fields"}, max_length=MAX_FIELD)
    op = forms.ChoiceField(label=_("How"), choices=list(OPS.items()), initial="equals")
    value = short_text(_("With what"), max_length=MAX_RULE_VALUE)

    @staticmethod
    def from_document(rule: dict[str, Any]) -> dict[str, Any]:
        return {**rule, "value": as_text(rule["value"])} if "value" in rule else rule

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or self.cleaned_data
        if self.has_changed() and not cleaned_data.get("field"):
            self.add_error("field", ValidationError(_("Say what is compared, like vars.size."), code="required"))
        return cleaned_data

    def as_document(self) -> dict[str, Any]:
        rule = {name: value for name in ("field", "op", "value") if (value := self.cleaned_data[name])}
        if rule["op"] in OPS_WITHOUT_VALUE:
            rule.pop("value", None)
        return rule


class ChoiceForm(RowForm):
    label = short_text(_("Label"), max_length=MAX_ROW_TITLE)
    key = short_text(_("Key"), max_length=MAX_KEY)
    next = step_key(_("Then go to"))

    def as_document(self) -> dict[str, Any]:
        return {name: value for name in ("key", "label", "next") if (value := self.cleaned_data[name])}


def with_keys(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choices without a key get one: nobody but programs sees it."""
    taken = {choice["key"] for choice in choices if "key" in choice}
    free = (f"c{number}" for number in count(1) if f"c{number}" not in taken)
    return [choice if "key" in choice else {"key": next(free), **choice} for choice in choices]


class RowFormSet(LimitedFormSet):
    """Rows of the document, in order; rows left blank are no rows."""

    #: Whether there are more rows now than the page showed that was sent.
    lacks_rows = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and self.initial:
            # What was left blank on the page is not one of the rows that somebody added meanwhile.
            shown = self.initial_form_count()
            self.lacks_rows = len(self.initial) > shown
            self.initial = self.initial[:shown]

    def has_changed(self) -> bool:
        return self.lacks_rows or super().has_changed()

    @property
    def filled(self) -> list[Any]:
        forms = self.ordered_forms if self.can_order else self.forms
        deleted = self.deleted_forms if self.can_delete else []
        return [form for form in forms if form not in deleted and (form.has_changed() or not form.empty_permitted)]

    def as_document(self) -> list[dict[str, Any]]:
        return [form.as_document() for form in self.filled]


def row_formset(form: type[RowForm], most: int, formset: type[RowFormSet] = RowFormSet, **options: Any) -> type[Any]:
    """The formset of up to `most` rows. A few more are shown again, with what is wrong; beyond these it is refused."""
    limits: dict[str, Any] = {"max_num": most, "validate_max": True, "absolute_max": most + SPARE_ROWS}
    return forms.formset_factory(form, formset=formset, can_delete=True, **limits, **options)


TriggerFormSet = row_formset(TriggerForm, MAX_TRIGGERS, extra=1)
ChoiceFormSet = row_formset(ChoiceForm, MAX_ROWS, extra=3)
RuleFormSet = row_formset(RuleForm, MAX_RULES, extra=2)
