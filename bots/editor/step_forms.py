"""The steps of a scenario as rows of its form."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import ORDERING_FIELD_NAME
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bots.document.limits import MAX_KEY, MAX_LANGUAGE, MAX_STEPS, MAX_TEMPLATE_NAME, MAX_URL, MAX_WAIT
from bots.document.steps import STEP_KINDS, HttpRequest

from . import labels
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

    #: The fields that do not stand under their own name in a step of the document → where they stand.
    NESTED = {
        "customer_name": ("customer", "name"),
        "attributes": ("customer", "attributes"),
        "deal_title": ("deal", "title"),
        "deal_stage": ("deal", "stage"),
        "deal_amount": ("deal", "amount"),
        "invalid_text": ("invalid", "text"),
        "invalid_tries": ("invalid", "tries"),
        "invalid_next": ("invalid", "next"),
        "timeout_seconds": ("timeout", "seconds"),
        "timeout_next": ("timeout", "next"),
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

    key = short_text(
        _("Key"), max_length=MAX_KEY, help_text=_("A short name for other steps to lead here, like ask_name.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=list(labels.STEP_KINDS.items()), initial="message")
    text = long_text(_("Text"), help_text=_('{{customer.name|default:"friend"}} and {{vars.size}} are filled in.'))
    answer = forms.ChoiceField(label=_("Expected answer"), choices=ANSWERS, required=False, initial="text")
    match = forms.ChoiceField(label=_("Fulfilled when"), choices=MATCHES, required=False, initial="all")
    then = step_key(_("Then go to"), help_text=_("Empty: to the following step."))
    otherwise = step_key(_("Otherwise go to"), help_text=_("Empty: to the following step."))
    seconds = forms.IntegerField(
        label=_("Seconds to wait"),
        required=False,
        min_value=1,
        max_value=MAX_WAIT,
        help_text=_(
            "3600 is an hour, 86400 a day. What the customer writes meanwhile is no answer: keywords, buttons and the "
            "bot's words work and end this scenario, anything else is left to people. After a day WhatsApp lets only "
            "templates through."
        ),
    )
    template = short_text(
        _("Template"),
        {"list": "template-names"},
        max_length=MAX_TEMPLATE_NAME,
        help_text=_("Its name, as approved by Meta. It arrives also more than 24 hours after the customer's message."),
    )
    language = short_text(_("Language of the template"), {"list": "template-languages"}, max_length=MAX_LANGUAGE)
    parameters = NamedTextsField(
        label=_("Its parameters"), required=False, help_text=_("One a line: 1 = {{vars.name}}")
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[(method, method) for method in HttpRequest.literals("method")],
        required=False,
        initial="POST",
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
    save_to = short_text(
        _("Save as"),
        max_length=MAX_KEY,
        help_text=_("Then {{vars.…}} with this name holds the answer. What a service sent: {{vars.name.part}}."),
    )
    step = step_key(_("Go to"))
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
    invalid_next = step_key(_("After them go to"))
    timeout_seconds = forms.IntegerField(
        label=_("Seconds to answer"), required=False, min_value=1, help_text=_("3600 is an hour. Empty: no limit.")
    )
    timeout_next = step_key(_("Without an answer go to"), help_text=_("Empty: the scenario ends."))
    failed = step_key(
        _("If it does not work go to"),
        help_text=_(
            "When the host is not allowed, does not answer within 10 seconds, or answers with an error. A call is "
            "never repeated by itself. Empty: a person is called."
        ),
    )
    next = step_key(_("Then go to"), help_text=_("Empty: to the following step."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = self.part("choices", ChoiceFormSet)
        self.rules = self.part("rules", RuleFormSet)

    @classmethod
    def places(cls) -> dict[str, tuple[str, ...]]:
        """The form's fields after key and kind → where they stand in a step of the document."""
        return {name: cls.NESTED.get(name, (name,)) for name in cls.base_fields if name not in ("key", "kind")}

    def part(self, name: str, formset: Callable[..., Any]) -> Any:
        data = self.data if self.is_bound else None
        return formset(data, prefix=f"{self.prefix}-{name}", initial=(self.initial or {}).get(name, []))

    def is_valid(self) -> bool:
        return super().is_valid() and (self.is_blank or all(part.is_valid() for part in self.parts))

    @property
    def is_blank(self) -> bool:
        return self.empty_permitted and not self.has_changed()

    @property
    def parts(self) -> list[RowFormSet]:
        """The rows of rows that this kind of step has."""
        return {"menu": [self.choices], "condition": [self.rules]}.get(self.cleaned_data.get("kind", ""), [])

    def has_changed(self) -> bool:
        """Whether something was written; a blank row that was only numbered stays blank."""
        written = set(self.changed_data) - {ORDERING_FIELD_NAME}
        return bool(written) or self.choices.has_changed() or self.rules.has_changed()

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean() or self.cleaned_data
        if not self.is_blank and not cleaned_data.get("key"):
            self.add_error("key", ValidationError(_("Give the step a key, like ask_name."), code="required"))
        return cleaned_data

    def as_document(self) -> dict[str, Any]:
        step = {"key": self.cleaned_data["key"], "kind": self.cleaned_data["kind"]}
        known = STEP_KINDS[step["kind"]].fields_by_key()
        for name, (outer, *inner) in self.places().items():
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
    def from_document(cls, step: dict[str, Any]) -> dict[str, Any]:
        row = {"key": step.get("key", ""), "kind": step["kind"], "choices": step.get("choices", [])}
        row["rules"] = [RuleForm.from_document(rule) for rule in step.get("rules", [])]
        for name, (outer, *inner) in cls.places().items():
            value = step.get(outer)
            if inner and value is not None:
                value = value.get(inner[0])
            if value is not None:
                row[name] = value
        return row

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The fields after key and kind, each with the kinds that have it and what is wrong with it."""
        return [
            {"field": self[name], "problems": self.problems.get(name, []), **self.kinds_with(place[0])}
            for name, place in self.places().items()
        ]

    @property
    def choices_row(self) -> dict[str, Any]:
        return self.kinds_with("choices")

    @property
    def rules_row(self) -> dict[str, Any]:
        return self.kinds_with("rules")

    def kinds_with(self, field: str) -> dict[str, Any]:
        """The kinds that have a key, and whether this row's kind is not one of them, so that it is hidden at first."""
        kinds = [kind for kind, step in STEP_KINDS.items() if field in step.fields_by_key()]
        return {"kinds": " ".join(kinds), "hidden": self["kind"].value() not in kinds}


class StepRowFormSet(RowFormSet):
    """The steps, with the rows of rows in each."""

    nested = {"choices": ChoiceFormSet, "rules": RuleFormSet}


StepFormSet = row_formset(StepForm, MAX_STEPS, formset=StepRowFormSet, extra=2, can_order=True)
