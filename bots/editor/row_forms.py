"""The small rows of a scenario's form: its triggers, the choices of a menu, the rules of a condition."""

from itertools import count

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.formsets import LimitedFormSet
from bots.engine import content
from bots.engine.conditions import WITHOUT_VALUE
from bots.engine.interpolation import as_text
from bots.engine.steps.branching import MAX_RULES
from bots.engine.validator import MAX_TRIGGERS

from .outline import OPS, start_of

#: How many rows too many a form still shows again.
SPARE_ROWS = 10

STEP_KEYS = {"list": "step-keys"}


def short_text(label, attrs=None, **options):
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs), **options)


def long_text(label, **options):
    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})
    return forms.CharField(label=label, required=False, strip=False, widget=widget, **options)


def step_key(label, **options):
    return short_text(label, STEP_KEYS, **options)


class RowForm(forms.Form):
    """A row that knows what the validator says about it: `problems` maps the name of a field to problems."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.problems = {}

    def note(self, name, problem):
        self.problems.setdefault(name if name in self.fields else "", []).append(problem)

    @property
    def row_problems(self):
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
    KEYWORDS = {"equals", "contains", "starts", "regex"}

    kind = forms.ChoiceField(label=_("Starts when"), choices=KINDS, initial="contains")
    value = short_text(_("Word"))

    def clean(self):
        cleaned_data = super().clean()
        if cleaned_data.get("kind") in self.KEYWORDS and not cleaned_data.get("value"):
            self.add_error("value", ValidationError(_("Write the word."), code="required"))
        return cleaned_data

    def as_document(self):
        kind = self.cleaned_data["kind"]
        if kind in self.KEYWORDS:
            return {"kind": "keyword", "match": kind, "value": self.cleaned_data["value"]}
        return {"kind": kind}

    @staticmethod
    def from_document(trigger):
        return {"kind": start_of(trigger), "value": trigger.get("value", "")}


class RuleForm(RowForm):
    """A rule of a condition."""

    field = short_text(_("What"), {"list": "rule-fields"}, max_length=100)
    op = forms.ChoiceField(label=_("How"), choices=list(OPS.items()), initial="equals")
    value = short_text(_("With what"), max_length=1000)

    @staticmethod
    def from_document(rule):
        return {**rule, "value": as_text(rule["value"])} if "value" in rule else rule

    def clean(self):
        cleaned_data = super().clean()
        if self.has_changed() and not cleaned_data.get("field"):
            self.add_error("field", ValidationError(_("Say what is compared, like vars.size."), code="required"))
        return cleaned_data

    def as_document(self):
        rule = {name: value for name in ("field", "op", "value") if (value := self.cleaned_data[name])}
        if rule["op"] in WITHOUT_VALUE:
            rule.pop("value", None)
        return rule


class ChoiceForm(RowForm):
    label = short_text(_("Label"), max_length=content.MAX_ROW_TITLE)
    key = short_text(_("Key"), max_length=60)
    next = step_key(_("Then go to"), max_length=60)

    def as_document(self):
        return {name: value for name in ("key", "label", "next") if (value := self.cleaned_data[name])}


def with_keys(choices):
    """Choices without a key get one: nobody but programs sees it."""
    taken = {choice["key"] for choice in choices if "key" in choice}
    free = (f"c{number}" for number in count(1) if f"c{number}" not in taken)
    return [choice if "key" in choice else {"key": next(free), **choice} for choice in choices]


class RowFormSet(LimitedFormSet):
    """Rows of the document, in order; rows left blank are no rows."""

    @property
    def filled(self):
        forms = self.ordered_forms if self.can_order else self.forms
        deleted = self.deleted_forms if self.can_delete else []
        return [form for form in forms if form not in deleted and (form.has_changed() or not form.empty_permitted)]

    def as_document(self):
        return [form.as_document() for form in self.filled]


def row_formset(form, most, formset=RowFormSet, **options):
    """The formset of up to `most` rows. A few more are shown again, with what is wrong; beyond these it is refused."""
    limits = {"max_num": most, "validate_max": True, "absolute_max": most + SPARE_ROWS}
    return forms.formset_factory(form, formset=formset, can_delete=True, **limits, **options)


TriggerFormSet = row_formset(TriggerForm, MAX_TRIGGERS, extra=1)
ChoiceFormSet = row_formset(ChoiceForm, content.MAX_ROWS, extra=3)
RuleFormSet = row_formset(RuleForm, MAX_RULES, extra=2)
