"""The steps of a scenario as rows of its form."""

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import ORDERING_FIELD_NAME
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bots.engine.steps import KINDS
from bots.engine.steps.branching import LONGEST_WAIT
from bots.engine.steps.http_request import MAX_URL, METHODS
from bots.engine.validator import MAX_STEPS

from .form_values import JsonField, NamedTextsField, WordsField
from .row_forms import (
    ChoiceFormSet,
    RowForm,
    RowFormSet,
    RuleForm,
    RuleFormSet,
    long_text,
    row_formset,
    short_text,
    step_key,
    with_keys,
)


class StepForm(RowForm):
    """One step of any kind. Fields that its kind does not have are left out of the document."""

    #: The form's fields → where they stand in a step of the document.
    PLACES = {
        "text": ("text",),
        "answer": ("answer",),
        "match": ("match",),
        "then": ("then",),
        "otherwise": ("otherwise",),
        "seconds": ("seconds",),
        "template": ("template",),
        "language": ("language",),
        "parameters": ("parameters",),
        "method": ("method",),
        "url": ("url",),
        "json": ("json",),
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
        "failed": ("failed",),
        "next": ("next",),
    }
    MATCHES = [("all", _("all rules hold")), ("any", _("any of the rules holds"))]
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
    save_to = short_text(
        _("Save as"),
        max_length=60,
        help_text=_("Then {{vars.…}} with this name holds the answer. What a service sent: {{vars.name.part}}."),
    )
    match = forms.ChoiceField(label=_("Fulfilled when"), choices=MATCHES, required=False, initial="all")
    then = step_key(_("Then go to"), max_length=60, help_text=_("Empty: to the following step."))
    otherwise = step_key(_("Otherwise go to"), max_length=60, help_text=_("Empty: to the following step."))
    seconds = forms.IntegerField(
        label=_("Seconds to wait"),
        required=False,
        min_value=1,
        max_value=LONGEST_WAIT,
        help_text=_(
            "3600 is an hour, 86400 a day. What the customer writes meanwhile is no answer: keywords, buttons and the "
            "bot's words work and end this scenario, anything else is left to people. After a day WhatsApp lets only "
            "templates through."
        ),
    )
    template = short_text(
        _("Template"),
        {"list": "template-names"},
        max_length=512,
        help_text=_("Its name, as approved by Meta. It arrives also more than 24 hours after the customer's message."),
    )
    language = short_text(_("Language of the template"), {"list": "template-languages"}, max_length=15)
    parameters = NamedTextsField(
        label=_("Its parameters"), required=False, help_text=_("One a line: 1 = {{vars.name}}")
    )
    method = forms.ChoiceField(
        label=_("Method"), choices=[(method, method) for method in METHODS], required=False, initial="POST"
    )
    url = short_text(
        _("Address"),
        {"class": "vLargeTextField"},
        max_length=MAX_URL,
        help_text=_(
            "Like https://api.example.com/orders/{{vars.order}}. Only hosts that are allowed (Bots, Allowed hosts) "
            "are called."
        ),
    )
    json = JsonField(
        label=_("JSON that is sent"),
        required=False,
        help_text=_('Like {"name": "{{vars.name}}"}: {{ }} work inside the texts. Empty: nothing is sent along.'),
    )
    failed = step_key(
        _("If it does not work go to"),
        max_length=60,
        help_text=_(
            "When the host is not allowed, does not answer within 10 seconds, or answers with an error. A call is "
            "never repeated by itself. Empty: a person is called."
        ),
    )
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
        self.choices = self.part("choices", ChoiceFormSet)
        self.rules = self.part("rules", RuleFormSet)

    def part(self, name, formset):
        data = self.data if self.is_bound else None
        return formset(data, prefix=f"{self.prefix}-{name}", initial=(self.initial or {}).get(name, []))

    def is_valid(self):
        return super().is_valid() and (self.is_blank or all(part.is_valid() for part in self.parts))

    @property
    def is_blank(self):
        return self.empty_permitted and not self.has_changed()

    @property
    def parts(self):
        """The rows of rows that this kind of step has."""
        return {"menu": [self.choices], "condition": [self.rules]}.get(self.cleaned_data.get("kind"), [])

    def has_changed(self):
        """Whether something was written; a blank row that was only numbered stays blank."""
        written = set(self.changed_data) - {ORDERING_FIELD_NAME}
        return bool(written) or any(form.has_changed() for form in (*self.choices, *self.rules))

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
            if outer in known and (value not in (None, "", [], {}) or (name == "json" and value is not None)):
                place = step.setdefault(outer, {}) if inner else step
                place[(inner or [outer])[0]] = value
        if "choices" in known:
            step["choices"] = with_keys([form.as_document() for form in self.choices.filled])
        if "rules" in known:
            step["rules"] = [form.as_document() for form in self.rules.filled]
        return step

    @classmethod
    def from_document(cls, step):
        row = {"key": step.get("key", ""), "kind": step["kind"], "choices": step.get("choices", [])}
        row["rules"] = [RuleForm.from_document(rule) for rule in step.get("rules", [])]
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

    @property
    def rules_row(self):
        return self.kinds_with("rules")

    def kinds_with(self, field):
        """The kinds that have a key, and whether this row's kind is not one of them, so that it is hidden at first."""
        kinds = [key for key, kind in KINDS.items() if field in kind.fields]
        return {"kinds": " ".join(kinds), "hidden": self["kind"].value() not in kinds}


class StepRowFormSet(RowFormSet):
    """The steps, with the rows of rows in each."""

    nested = {"choices": ChoiceFormSet, "rules": RuleFormSet}


StepFormSet = row_formset(StepForm, MAX_STEPS, formset=StepRowFormSet, extra=2, can_order=True)
