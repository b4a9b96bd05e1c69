"""The parts of a scenario as rows of a form: its triggers, its steps, and the choices of a menu."""

from itertools import count

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import ORDERING_FIELD_NAME
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from . import content
from .flow import start_of
from .form_values import NamedTextsField, WordsField
from .steps import KINDS
from .validator import MAX_STEPS, MAX_TRIGGERS

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


class StepForm(RowForm):
    """One step of any kind. Fields that its kind does not have are left out of the document."""

    #: The form's fields → where they stand in a step of the document.
    PLACES = {
        "text": ("text",),
        "answer": ("answer",),
        "save_to": ("save_to",),
        "step": ("step",),
        "customer_name": ("customer", "name"),
        "attributes": ("customer", "attributes"),
        "add_tags": ("add_tags",),
        "remove_tags": ("remove_tags",),
        "deal_title": ("deal", "title"),
        "deal_stage": ("deal", "stage"),
        "deal_amount": ("deal", "amount"),
        "invalid_text": ("invalid", "text"),
        "invalid_tries": ("invalid", "tries"),
        "invalid_next": ("invalid", "next"),
        "timeout_seconds": ("timeout", "seconds"),
        "timeout_next": ("timeout", "next"),
        "next": ("next",),
    }
    ANSWERS = [
        ("text", _("any text")),
        ("number", _("a number")),
        ("email", _("an e-mail")),
        ("phone", _("a phone")),
        ("date", _("a date")),
        ("image", _("a picture")),
        ("document", _("a file")),
        ("location", _("a location")),
    ]

    key = short_text(_("Key"), max_length=60, help_text=_("A short name for other steps to lead here, like ask_name."))
    kind = forms.ChoiceField(label=_("Kind"), initial="message")
    text = long_text(_("Text"), help_text=_('{{customer.name|default:"friend"}} and {{vars.size}} are filled in.'))
    answer = forms.ChoiceField(label=_("Expected answer"), choices=ANSWERS, required=False, initial="text")
    save_to = short_text(_("Save as"), max_length=60, help_text=_("Then {{vars.…}} with this name holds the answer."))
    step = step_key(_("Go to"), max_length=60)
    customer_name = short_text(_("Customer's name"), help_text=_("For example {{vars.name}}"))
    attributes = NamedTextsField(
        label=_("Customer's attributes"), required=False, help_text=_("One a line: city = {{vars.city}}")
    )
    add_tags = WordsField(label=_("Add tags"), required=False, help_text=_("Separated by commas."))
    remove_tags = WordsField(label=_("Remove tags"), required=False, help_text=_("Separated by commas."))
    deal_title = short_text(_("New deal"), help_text=_("Its title. Empty: no deal."))
    deal_stage = short_text(_("Stage of the deal"), {"list": "deal-stages"}, help_text=_("Empty: new."))
    deal_amount = short_text(_("Amount of the deal"))
    invalid_text = long_text(_("Said to a wrong answer"), help_text=_("Empty: the question again."))
    invalid_tries = forms.IntegerField(label=_("Wrong answers until it goes on"), required=False, min_value=1)
    invalid_next = step_key(_("After them go to"), max_length=60)
    timeout_seconds = forms.IntegerField(
        label=_("Seconds to answer"), required=False, min_value=1, help_text=_("3600 is an hour. Empty: no limit.")
    )
    timeout_next = step_key(_("Without an answer go to"), max_length=60, help_text=_("Empty: the scenario ends."))
    next = step_key(_("Then go to"), max_length=60, help_text=_("Empty: to the following step."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(key, kind.name) for key, kind in KINDS.items()]
        self.choices = ChoiceFormSet(
            self.data if self.is_bound else None,
            prefix=f"{self.prefix}-choices",
            initial=(self.initial or {}).get("choices", []),
        )

    def is_valid(self):
        return super().is_valid() and (self.is_blank or not self.has_choices or self.choices.is_valid())

    @property
    def is_blank(self):
        return self.empty_permitted and not self.has_changed()

    @property
    def has_choices(self):
        return self.cleaned_data.get("kind") == "menu"

    def has_changed(self):
        """Whether something was written; a blank row that was only numbered stays blank."""
        written = set(self.changed_data) - {ORDERING_FIELD_NAME}
        return bool(written) or any(form.has_changed() for form in self.choices)

    def clean(self):
        cleaned_data = super().clean()
        if not self.is_blank and not cleaned_data.get("key"):
            self.add_error("key", ValidationError(_("Give the step a key, like ask_name."), code="required"))
        return cleaned_data

    def as_document(self):
        step = {"key": self.cleaned_data["key"], "kind": self.cleaned_data["kind"]}
        known = KINDS[step["kind"]].fields
        for name, (outer, *inner) in self.PLACES.items():
            value = self.cleaned_data.get(name)
            if outer in known and value not in (None, "", [], {}):
                place = step.setdefault(outer, {}) if inner else step
                place[(inner or [outer])[0]] = value
        if "choices" in known:
            step["choices"] = with_keys([form.as_document() for form in self.choices.filled])
        return step

    @classmethod
    def from_document(cls, step):
        row = {"key": step.get("key", ""), "kind": step["kind"], "choices": step.get("choices", [])}
        for name, (outer, *inner) in cls.PLACES.items():
            value = step.get(outer)
            if inner and value is not None:
                value = value.get(inner[0])
            if value is not None:
                row[name] = value
        return row

    @cached_property
    def rows(self):
        """The fields after key and kind, each with the kinds that have it and what is wrong with it."""
        return [
            {"field": self[name], "problems": self.problems.get(name, []), **self.kinds_with(place[0])}
            for name, place in self.PLACES.items()
        ]

    @property
    def choices_row(self):
        return self.kinds_with("choices")

    def kinds_with(self, field):
        """The kinds that have a key, and whether this row's kind is not one of them, so that it is hidden at first."""
        kinds = [key for key, kind in KINDS.items() if field in kind.fields]
        return {"kinds": " ".join(kinds), "hidden": self["kind"].value() not in kinds}


class RowFormSet(forms.BaseFormSet):
    """Rows of the document, in order; rows left blank are no rows."""

    @property
    def filled(self):
        forms = self.ordered_forms if self.can_order else self.forms
        deleted = self.deleted_forms if self.can_delete else []
        return [form for form in forms if form not in deleted and (form.has_changed() or not form.empty_permitted)]

    def as_document(self):
        return [form.as_document() for form in self.filled]


TriggerFormSet = forms.formset_factory(
    TriggerForm, formset=RowFormSet, extra=1, can_delete=True, max_num=MAX_TRIGGERS, validate_max=True
)
ChoiceFormSet = forms.formset_factory(
    ChoiceForm, formset=RowFormSet, extra=3, can_delete=True, max_num=content.MAX_ROWS, validate_max=True
)
StepFormSet = forms.formset_factory(
    StepForm, formset=RowFormSet, extra=2, can_order=True, can_delete=True, max_num=MAX_STEPS, validate_max=True
)
