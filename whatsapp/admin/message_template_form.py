"""
The form in which people make a new message template. What was typed makes a template at any time, however unfinished,
so that it can be shown meanwhile. The rules (`rules`) are those of the API.
"""

from collections.abc import Iterator
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Business
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.scope import scope
from whatsapp.graph.media_types import recognise
from whatsapp.message_templates import rules, sync
from whatsapp.message_templates.preview import HEADERS, Preview, label_of, preview
from whatsapp.message_templates.submit import EXAMPLE_TYPES, file_head, format_of, name_from
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.template_parameters import MEDIA, examples, placeholders

from . import template_components
from .template_components import Component
from .template_languages import language_choices


class ButtonForm(forms.Form):
    """A row for a button: what a tap does, its text, and its link, phone or code. `error` is what is wrong with it."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What a tap does"),
        required=False,
        choices=[
            ("", "—"),
            ("QUICK_REPLY", gettext_lazy("answers with this text")),
            ("URL", gettext_lazy("opens a link")),
            ("PHONE_NUMBER", gettext_lazy("calls")),
            ("COPY_CODE", gettext_lazy("copies a code")),
        ],
    )
    text = forms.CharField(label=gettext_lazy("Text on the button"), required=False, max_length=100)
    value = forms.CharField(label=gettext_lazy("Link, phone or code"), required=False, max_length=2100)

    error = ""

    def typed(self, name: str) -> str:
        return (self[name].value() or "").strip()

    @property
    def is_blank(self) -> bool:
        return not (self.typed("kind") or self.typed("text") or self.typed("value"))

    def as_component(self, example: str) -> Component:
        """The button as Meta documents it; `example` is that of the end of its link."""
        return template_components.button(self.typed("kind"), self.typed("text"), self.typed("value"), example)


class NewTemplateForm(TenantModelForm):
    """
    `draft` is the template as it was typed, and `example_file` the example of its header. `example_errors` are what is
    wrong with the examples of placeholders, by key.
    """

    number = forms.ModelChoiceField(
        WhatsAppNumber.objects.none(),
        label=gettext_lazy("Number"),
        help_text=gettext_lazy("Every number of its WhatsApp Business account can send the template."),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=language_choices)
    category = forms.ChoiceField(
        label=gettext_lazy("Category"),
        choices=[
            ("UTILITY", gettext_lazy("service: about an order, a visit, an account")),
            ("MARKETING", gettext_lazy("marketing: offers, news, invitations")),
            ("AUTHENTICATION", gettext_lazy("sign-in code: Meta writes the text itself")),
        ],
        help_text=gettext_lazy("Meta checks the category, and changes it if the text belongs to another."),
    )
    header_kind = forms.ChoiceField(
        label=gettext_lazy("Header"),
        required=False,
        choices=[("", gettext_lazy("no header")), ("TEXT", gettext_lazy("Text"))]
        + [(kind.upper(), words) for kind, words in HEADERS.items()],
    )
    header_text = forms.CharField(label=gettext_lazy("Text of the header"), required=False, max_length=200)
    header_file = forms.FileField(
        label=gettext_lazy("Example of the file"),
        required=False,
        help_text=gettext_lazy(
            "jpg, png, mp4 or pdf. It is for Meta's reviewers; what customers get is chosen with each message. After "
            "an error, choose it again."
        ),
    )
    body = forms.CharField(
        label=gettext_lazy("Message text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
        help_text=gettext_lazy(
            "Up to 1024 characters. What differs from person to person is a placeholder: {{1}}, {{2}}… or a name, "
            "like {{first_name}}. The text neither begins nor ends with one."
        ),
    )
    footer = forms.CharField(label=gettext_lazy("Footer"), required=False, max_length=200)
    security_hint = forms.BooleanField(label=gettext_lazy("“Do not share this code”"), required=False, initial=True)
    code_minutes = forms.IntegerField(
        label=gettext_lazy("The code is valid for, minutes"), required=False, min_value=1, max_value=90
    )

    class Meta:
        model = MessageTemplate
        fields = ["name", "language", "category"]
        labels = {"name": gettext_lazy("Name of the template")}
        help_texts = {
            "name": gettext_lazy("Lowercase Latin letters, digits and underscores. Customers do not see it.")
        }
        widgets = {"name": forms.TextInput(attrs={"class": "vTextField", "maxlength": 512})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer_numbers()
        bound: dict[str, Any] = {"data": self.data, "files": self.files} if self.is_bound else {}
        self.buttons = [ButtonForm(prefix=f"button-{index}", **bound) for index in range(rules.MAX_BUTTONS)]
        self.example_errors: dict[str, str] = {}

    def _offer_numbers(self) -> None:
        """One number of each account."""
        own = scope(WhatsAppNumber.objects.all(), self.user) if self.user else WhatsAppNumber.objects.none()
        offered = sync.one_number_of_each_account(own)
        field = cast(forms.ModelChoiceField, self.fields["number"])
        field.queryset = own.filter(pk__in=[number.pk for number in offered])
        if len(offered) == 1:
            field.empty_label = None

    def business_from(self, cleaned_data: dict[str, Any]) -> Business | None:
        number: WhatsAppNumber | None = cleaned_data.get("number")
        return number.business if number else None

    # What was typed, as a template

    def typed(self, name: str) -> str:
        return str(self[name].value() or "").strip()

    def example(self, key: str) -> str:
        return str(self.data.get(f"example-{key}", "")).strip()

    @property
    def used_buttons(self) -> list[ButtonForm]:
        return [row for row in self.buttons if not row.is_blank]

    @property
    def draft(self) -> MessageTemplate:
        header = self.typed("header_text") if self.typed("header_kind") == "TEXT" else ""
        return MessageTemplate(
            name=self.typed("name"),
            language=self.typed("language"),
            category=self.typed("category"),
            parameter_format=format_of(header, self.typed("body")),
            components=self._components(),
        )

    def _components(self) -> list[Component]:
        if self.typed("category") == "AUTHENTICATION":
            has_hint = bool(self["security_hint"].value())
            return template_components.sign_in_code(has_hint, self.typed("code_minutes"))
        return list(self._written_components())

    def _written_components(self) -> Iterator[Component]:
        kind = self.typed("header_kind")
        if kind == "TEXT":
            yield template_components.text_header(self.typed("header_text"), self.example)
        elif kind:
            yield template_components.file_header(kind, has_example=self.example_file is not None)
        yield template_components.body(self.typed("body"), self.example)
        if footer := self.typed("footer"):
            yield {"type": "FOOTER", "text": footer}
        if rows := self.used_buttons:
            buttons = [row.as_component(self.example(f"button.{index}.1")) for index, row in enumerate(rows)]
            yield {"type": "BUTTONS", "buttons": buttons}

    @property
    def example_file(self) -> UploadedFile | None:
        """The example of the header, if the header is a file."""
        return self.files.get("header_file") if self.typed("header_kind").lower() in MEDIA else None

    # What the page shows of it

    @property
    def examples(self) -> list[dict[str, str]]:
        """A row for each placeholder that needs an example: its input's name, label, value and error."""
        draft = self.draft
        codes = {
            f"button.{index}.1" for index, row in enumerate(self.used_buttons) if row.typed("kind") == "COPY_CODE"
        }
        files = {f"header.{kind}" for kind in HEADERS}
        return [
            {
                "name": f"example-{key}",
                "label": label_of(draft, key),
                "value": self.example(key),
                "error": self.example_errors.get(key, ""),
            }
            for key in placeholders(draft)
            if key not in codes | files
        ]

    @property
    def preview(self) -> Preview:
        draft = self.draft
        return preview(draft, {key: value for key, value in examples(draft).items() if value})

    @property
    def offered_name(self) -> str:
        """A name that Meta takes, when the one that was typed is none; else empty."""
        typed = self.typed("name")
        return "" if rules.NAME.fullmatch(typed) else name_from(typed)

    # Checking

    def clean_name(self) -> str:
        if offered := self.offered_name:
            sentence = _("Lowercase Latin letters, digits and underscores only. For example: %(name)s")
            raise ValidationError(sentence % {"name": offered})
        return self.cleaned_data["name"]

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        for place, sentence in rules.problems(self.draft).items():
            self._mark(place, sentence)
        if self.example_errors or any(row.error for row in self.buttons):
            self.add_error(None, _("Correct what is marked below."))
        self._check_file()
        return cleaned_data

    def _mark(self, place: str, sentence: str) -> None:
        """Show a problem where it is: at an example, a button or a field."""
        kind, _dot, rest = place.partition(".")
        if kind == "example":
            self.example_errors[rest] = sentence
        elif kind == "button":
            row = self.used_buttons[int(rest)]
            row.error = sentence if row.typed("kind") else _("Choose what a tap on the button does.")
        elif place not in self.errors:
            self.add_error(self._field_of(place), sentence)

    def _field_of(self, place: str) -> str | None:
        """The field for a part of the template; None for what concerns no single field."""
        if place == "header":
            kind = self.typed("header_kind")
            return {"TEXT": "header_text"}.get(kind, "header_file" if kind.lower() in MEDIA else "header_kind")
        if place == "footer" and self.typed("category") == "AUTHENTICATION":
            return "code_minutes"
        return place if place in self.fields else None

    def _check_file(self) -> None:
        if (file := self.example_file) is None:
            return
        try:
            found = recognise(file.name or "", file_head(file), file.size or 0)
        except ValidationError as error:
            self.add_error("header_file", error)
            return
        if found.kind != self.typed("header_kind").lower() or found.mime not in EXAMPLE_TYPES:
            self.add_error(
                "header_file", _("This file does not fit the header. Picture: jpg, png; video: mp4; document: pdf.")
            )
