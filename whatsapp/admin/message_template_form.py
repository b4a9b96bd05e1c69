"""
The form in which people make a new message template. A template is made of what was typed, however unfinished, so
that it can be shown while one types; the rules (`rules`) are those of the API.
"""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.scope import scope
from whatsapp.graph.media_types import recognise
from whatsapp.message_templates import rules, sync
from whatsapp.message_templates.preview import HEADERS, label_of, preview
from whatsapp.message_templates.submit import EXAMPLE_TYPES, file_head, format_of, name_from
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.template_parameters import MEDIA, PLACEHOLDER, examples, placeholder_names, placeholders

#: Cloud API, "Supported languages"; those that our users write most come first.
FIRST_LANGUAGES = "ru en en_US en_GB kk uk uz ky_KG ka az tr"
OTHER_LANGUAGES = (
    "af ar bg bn ca cs da de el es es_AR es_ES es_MX et fa fi fil fr ga gu ha he hi hr hu id it ja kn ko lo lt lv mk "
    "ml mr ms nb nl pa pl pt_BR pt_PT ro rw_RW sk sl sq sr sv sw ta te th ur vi zh_CN zh_HK zh_TW zu"
)

BUTTON_ROWS = rules.MAX_BUTTONS

WIDE = {"class": "vTextField"}


def language_in_words(code):
    try:
        return f"{get_language_info(code.replace('_', '-').lower())['name_translated']} ({code})"
    except KeyError:
        return code


def language_choices():
    codes = f"{FIRST_LANGUAGES} {OTHER_LANGUAGES}".split()
    return [(code, language_in_words(code)) for code in codes]


class ButtonForm(forms.Form):
    """A row for a button: what a tap does, its words, and its link, phone or code."""

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
    text = forms.CharField(label=gettext_lazy("Words on the button"), required=False, max_length=100)
    value = forms.CharField(label=gettext_lazy("Link, phone or code"), required=False, max_length=2100)

    error = ""

    def typed(self, name):
        return (self[name].value() or "").strip()

    @property
    def is_blank(self):
        return not (self.typed("kind") or self.typed("text") or self.typed("value"))

    def as_button(self, example):
        """The button as Meta describes it; `example` is the example of the end of its link."""
        kind, text, value = self.typed("kind"), self.typed("text"), self.typed("value")
        if kind == "COPY_CODE":
            return {"type": kind, "example": value}
        if kind == "PHONE_NUMBER":
            return {"type": kind, "text": text, "phone_number": value}
        if kind == "URL":
            filled = {"example": [PLACEHOLDER.sub(lambda found: example, value)]} if example else {}
            return {"type": kind, "text": text, "url": value, **filled}
        return {"type": kind, "text": text}


class NewTemplateForm(TenantModelForm):
    """`draft` is the template as it was typed, and `header_file` the example of its header."""

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
        help_text=gettext_lazy("Meta checks the category, and changes it when the text is of another."),
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
            "jpg, png, mp4 or pdf. Meta looks at it; what customers get is chosen with each message. After an error "
            "choose it again."
        ),
    )
    body = forms.CharField(
        label=gettext_lazy("Message text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
        help_text=gettext_lazy(
            "Up to 1024 characters. What differs from person to person is a placeholder: {{1}}, {{2}}… or with names, "
            "like {{first_name}}. It stands neither first nor last."
        ),
    )
    footer = forms.CharField(label=gettext_lazy("Footer"), required=False, max_length=200)
    security_hint = forms.BooleanField(label=gettext_lazy("“Do not share this code”"), required=False, initial=True)
    code_minutes = forms.IntegerField(
        label=gettext_lazy("The code holds, minutes"), required=False, min_value=1, max_value=90
    )

    class Meta:
        model = MessageTemplate
        fields = ["name", "language", "category"]
        labels = {"name": gettext_lazy("Name of the template")}
        help_texts = {"name": gettext_lazy("Small Latin letters, digits and underscores. Customers do not see it.")}
        widgets = {"name": forms.TextInput(attrs={**WIDE, "maxlength": 512})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._offer_numbers()
        bound = {"data": self.data, "files": self.files} if self.is_bound else {}
        self.buttons = [ButtonForm(prefix=f"button-{index}", **bound) for index in range(BUTTON_ROWS)]
        self.example_errors = {}

    def _offer_numbers(self):
        """One number of each account."""
        own = scope(WhatsAppNumber.objects.all(), self.user) if self.user else WhatsAppNumber.objects.none()
        offered = sync.one_number_of_each_account(own)
        self.fields["number"].queryset = own.filter(pk__in=[number.pk for number in offered])
        if len(offered) == 1:
            self.fields["number"].empty_label = None

    def business_from(self, cleaned_data):
        number = cleaned_data.get("number")
        return number.business if number else None

    # What was typed, as a template

    def typed(self, name):
        value = self[name].value()
        return value.strip() if isinstance(value, str) else value or ""

    def example(self, key):
        return str(self.data.get(f"example-{key}", "")).strip()

    @property
    def used_buttons(self):
        return [row for row in self.buttons if not row.is_blank]

    @property
    def draft(self):
        header = self.typed("header_text") if self.typed("header_kind") == "TEXT" else ""
        return MessageTemplate(
            name=self.typed("name"),
            language=self.typed("language"),
            category=self.typed("category"),
            parameter_format=format_of(header, self.typed("body")),
            components=self._sign_in_code()
            if self.typed("category") == "AUTHENTICATION"
            else list(self._components()),
        )

    def _sign_in_code(self):
        parts = [{"type": "BODY", "add_security_recommendation": bool(self.typed("security_hint"))}]
        if minutes := str(self.typed("code_minutes")):
            is_number = minutes.isdecimal() and len(minutes) < 5
            parts.append({"type": "FOOTER", "code_expiration_minutes": int(minutes) if is_number else 0})
        return [*parts, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]

    def _components(self):
        if kind := self.typed("header_kind"):
            yield self._header(kind)
        yield self._text_part({"type": "BODY"}, self.typed("body"), "body_text", "")
        if footer := self.typed("footer"):
            yield {"type": "FOOTER", "text": footer}
        if rows := self.used_buttons:
            made = [row.as_button(self.example(f"button.{index}.1")) for index, row in enumerate(rows)]
            yield {"type": "BUTTONS", "buttons": made}

    def _header(self, kind):
        part = {"type": "HEADER", "format": kind}
        if kind == "TEXT":
            return self._text_part(part, self.typed("header_text"), "header_text", "header.")
        if kind.lower() in MEDIA and self.files.get("header_file"):
            # Until Meta gives the handle.
            part["example"] = {"header_handle": ["-"]}
        return part

    def _text_part(self, part, text, name, prefix):
        keys = placeholder_names(text)
        values = [self.example(prefix + key) for key in keys]
        if not keys:
            example = {}
        elif all(key.isdecimal() for key in keys):
            example = {name: [values] if name == "body_text" else values}
        else:
            pairs = zip(keys, values, strict=True)
            example = {f"{name}_named_params": [{"param_name": key, "example": value} for key, value in pairs]}
        return {**part, "text": text, **({"example": example} if example else {})}

    # What the page shows of it

    @property
    def examples(self):
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
    def preview(self):
        draft = self.draft
        return preview(draft, {key: value for key, value in examples(draft).items() if value})

    @property
    def offered_name(self):
        """A name that Meta takes, when what was typed is none."""
        typed = self.typed("name")
        return "" if rules.NAME.fullmatch(typed) else name_from(typed)

    # Checking

    def clean(self):
        cleaned_data = super().clean()
        for place, told in rules.problems(self.draft).items():
            self._mark(place, told)
        self._check_file(self.typed("header_kind").lower())
        return cleaned_data

    def _mark(self, place, told):
        kind, _dot, rest = place.partition(".")
        if kind == "example":
            self.example_errors[rest] = told
        elif kind == "button":
            row = self.used_buttons[int(rest)]
            row.error = told if row.typed("kind") else _("Choose what a tap on the button does.")
        elif place not in self.errors:
            self.add_error(self._field_of(place), told)
        if kind in ("example", "button"):
            marked = _("Correct what is marked below.")
            if marked not in self.non_field_errors():
                self.add_error(None, marked)

    def _field_of(self, place):
        if place == "header":
            kind = self.typed("header_kind")
            return {"TEXT": "header_text"}.get(kind, "header_file" if kind.lower() in MEDIA else "header_kind")
        if place == "footer" and self.typed("category") == "AUTHENTICATION":
            return "code_minutes"
        return place if place in self.fields else None

    def clean_name(self):
        name = self.cleaned_data["name"]
        if offered := self.offered_name:
            told = _("Small Latin letters, digits and underscores only. For example: %(name)s")
            raise ValidationError(told % {"name": offered})
        return name

    @property
    def example_file(self):
        """The example of the header, if the header is a file."""
        return self.files.get("header_file") if self.typed("header_kind").lower() in MEDIA else None

    def _check_file(self, kind):
        if (file := self.example_file) is None:
            return
        try:
            found = recognise(file.name, file_head(file), file.size)
        except ValidationError as error:
            self.add_error("header_file", error)
            return
        if found.kind != kind or found.mime not in EXAMPLE_TYPES:
            self.add_error(
                "header_file", _("This file does not fit the header. Picture: jpg, png; video: mp4; document: pdf.")
            )
