import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Business
from accounts.refusals import Refusal
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.hours_field import HoursForm, show_hours, written_hours
from bots.document.limits import DEFAULT_EXPIRES, MAX_WAIT, MIN_EXPIRES
from bots.document.reading import read_draft
from bots.document.report import Problem, Report
from bots.document.validator import validate
from bots.models import AllowedHost, Bot, BotScenario
from bots.models.bot import default_menu_words, default_operator_text, default_operator_words
from whatsapp.admin.number_forms import SecretField

from . import scenarios
from .create import check_plan
from .differences import Difference, differences
from .form_values import WordsField
from .row_forms import RowForm, TriggerForm, TriggerFormSet
from .step_forms import StepForm, StepFormSet

MAX_FILE = 1024 * 1024


def operator_text_of(business: Business) -> str:
    """What a new bot of a business says before it calls a person."""
    with translation.override(business.language):
        return default_operator_text()


class BotForm(HoursForm, TenantModelForm):
    menu_words = WordsField(
        label=_("Menu words"),
        required=False,
        initial=default_menu_words,
        help_text=_("Start from the beginning at any time. Separate by commas."),
    )
    operator_words = WordsField(
        label=_("Operator words"),
        required=False,
        initial=default_operator_words,
        help_text=_("Call a person at any time. Separate by commas."),
    )

    class Meta:
        model = Bot
        fields = [
            "whatsapp_number",
            "name",
            "is_active",
            "priority",
            "menu_words",
            "operator_words",
            "operator_text",
        ]
        widgets = {"operator_text": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        show_hours(self, self.instance.office_hours or {})
        if self.instance._state.adding and self.instance.business_id:
            self.initial["operator_text"] = operator_text_of(self.instance.business)

    def save(self, commit: bool = True) -> Any:
        self.instance.office_hours = written_hours(self.cleaned_data)
        if self.instance._state.adding and "operator_text" not in self.changed_data:
            # A platform administrator saw it in a language of their own.
            self.instance.operator_text = operator_text_of(self.instance.business)
        return super().save(commit)

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        if self.instance._state.adding and self.instance.business_id:
            try:
                check_plan(self.instance.business)
            except Refusal as refusal:
                raise ValidationError(str(refusal), code=refusal.code) from refusal
        return cleaned_data


class AllowedHostForm(TenantModelForm):
    """
    A host with its secret, which is written and never shown again; left empty, the saved one stays while the address
    does.
    """

    authorization = SecretField(label=_("Authorization header"), required=False)

    class Meta:
        model = AllowedHost
        fields = ["host", "allow_http", "authorization"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "authorization" in self.fields:
            about = AllowedHost._meta.get_field("authorization").help_text
            saved = _("One is saved. Leave this empty to keep it; if you change the address, enter it again.")
            self.fields["authorization"].help_text = saved if self.instance.has_authorization else about

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        if not cleaned_data.get("authorization"):
            cleaned_data.pop("authorization", None)
        return cleaned_data


class ScenarioForm(TenantModelForm):
    """A scenario's draft: its name and bot, its triggers and its steps."""

    expires = forms.IntegerField(
        label=_("Ends without an answer after (seconds)"),
        required=False,
        min_value=MIN_EXPIRES,
        max_value=MAX_WAIT,
        help_text=format_lazy(_("Empty: {seconds}, which is a day."), seconds=DEFAULT_EXPIRES),
    )

    class Meta:
        model = BotScenario
        fields = ["bot", "name", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        data = self.data if self.is_bound else None
        definition = self.instance.definition
        if "expires" in self.fields:
            self.fields["expires"].initial = definition.get("expires")
        triggers = [TriggerForm.from_document(trigger) for trigger in read_draft(definition).triggers]
        steps = [StepForm.from_document(step) for step in definition.get("steps", [])]
        self.triggers = TriggerFormSet(data, prefix="triggers", initial=triggers)
        self.steps = StepFormSet(data, prefix="steps", initial=steps)
        if not self.is_bound and self.instance.pk:
            self.note_problems()

    # What the validator says, beside the fields

    @cached_property
    def report(self) -> Report | None:
        return scenarios.check(self.instance) if self.instance.pk else None

    def note_problems(self) -> None:
        report = self.report
        assert report is not None
        for problem in [*report.errors, *report.warnings]:
            if found := re.match(r"(triggers|steps)\[(\d+)\]\.?(.*)", problem.path):
                part, position, rest = found.groups()
                note(getattr(self, part).forms[int(position)], rest, problem)

    # What somebody else saved meanwhile

    @cached_property
    def differing(self) -> list[str]:
        return [*super().differing, *(["definition"] if self.differences != [] else [])]

    @property
    def differences(self) -> list[Difference] | None:
        """How what is saved differs from what was typed; None while what was typed is no document."""
        if not (self.triggers.is_valid() and self.steps.is_valid()):
            return None
        return differences(self.instance.definition, self.definition())

    # What was typed in, as a document

    def is_valid(self) -> bool:
        return all([super().is_valid(), self.triggers.is_valid(), self.steps.is_valid()])

    @cached_property
    def changed_data(self) -> list[str]:
        rows = self.triggers.has_changed() or self.steps.has_changed()
        return [*super().changed_data, "definition"] if rows else super().changed_data

    def save(self, commit: bool = True) -> Any:
        self.instance.definition = self.definition()
        return super().save(commit)

    def definition(self) -> dict[str, Any]:
        definition = {"format": 1, "triggers": self.triggers.as_document(), "steps": self.steps.as_document()}
        if self.cleaned_data.get("expires"):
            definition["expires"] = self.cleaned_data["expires"]
        return definition


def note(row: RowForm, path: str, problem: Problem) -> None:
    """Put a problem beside the field of a row that its path names, or on the row."""
    if part := re.match(r"(choices|rules)\[(\d+)\]\.(.*)", path):
        row, path = getattr(row, part[1]).forms[int(part[2])], part[3]
    row.note(field_at(row, path), problem)


def field_at(row: RowForm, path: str) -> str:
    """The form's field for a path below a row."""
    plain = tuple(re.sub(r"\[\d+\]", "", path).split("."))
    return next((name for name, place in row.places().items() if plain[: len(place)] == place), path)


class ImportForm(forms.Form):
    """A scenario document from a file."""

    file = forms.FileField(label=_("File"), help_text=_("A scenario that was exported here, or written to format 1."))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE:
            raise ValidationError(_("The file is larger than 1 MB, so it is no scenario. Choose another one."))
        definition = read_document(file.read())
        problems = validate(definition).misshapen
        if problems:
            raise ValidationError([str(problem) for problem in problems[:20]])
        return definition


def read_document(raw: bytes) -> Any:
    """The JSON in a file. Raises ValidationError."""
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValidationError(_("This file holds no JSON in UTF-8. Choose a file that was exported here.")) from error


class ChatForm(forms.Form):
    """What is written to the bot on the page where it is tried out."""

    text = forms.CharField(
        label=_("Message"), max_length=4096, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"})
    )
