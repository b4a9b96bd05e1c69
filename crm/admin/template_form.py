"""The form that fills in a message template."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from crm.models import Customer
from whatsapp.graph.media_types import extensions_of
from whatsapp.message_templates import header_files
from whatsapp.message_templates.availability import usable_with
from whatsapp.message_templates.preview import Preview, label_of, preview
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.template_parameters import FUTURE_FILE, examples, media_key, placeholders, problems

from .composer_forms import LaterForm

#: The names that people give to placeholders for the customer's own name.
NAMES_OF_CUSTOMER = ("name", "customer_name", "client_name", "first_name")

#: Fields that a preview does not fill: a new key is a new form.
UNSHOWN = ("file", "cancel_if_customer_writes")


class TemplateForm(LaterForm):
    """A field for each placeholder of a template."""

    def __init__(
        self,
        template: MessageTemplate,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
    ) -> None:
        super().__init__(data, files, prefix="template")
        self.template = template
        # The key of a header that shows a file, which may be chosen in the place of a link.
        self.file_key = media_key(template)
        self.fields_of_keys = {key: f"parameter-{key}" for key in placeholders(template)}
        given = examples(template)
        for key, name in self.fields_of_keys.items():
            example = _("For example: %(value)s") % {"value": given[key]} if key in given else ""
            self.fields[name] = forms.CharField(
                label=label_of(template, key), help_text=example, max_length=2000, required=key != self.file_key
            )
        if self.file_key:
            self.fields["file"] = forms.FileField(
                label=_("or a file"),
                required=False,
                widget=forms.FileInput(
                    attrs={"accept": ",".join(extensions_of(self.file_key.removeprefix("header.")))}
                ),
            )

    def clean(self) -> dict[str, Any] | None:
        cleaned_data = super().clean()
        if not self.errors:
            given = self.parameters | ({self.file_key: FUTURE_FILE} if self.upload else {})
            for key, sentence in problems(self.template, given).items():
                self.add_error(self.fields_of_keys[key], sentence)
        return cleaned_data

    def clean_file(self) -> UploadedFile | None:
        upload: UploadedFile | None = self.cleaned_data["file"]
        if upload:
            header_files.check_upload(upload, self.file_key)
        return upload

    @property
    def upload(self) -> UploadedFile | None:
        """The file that was chosen for the header; it goes before a link."""
        return self.cleaned_data.get("file") if self.is_bound and self.file_key else None

    @property
    def parameters(self) -> dict[str, str]:
        """What has been filled in so far, by key."""
        entered = {key: self[name].value() for key, name in self.fields_of_keys.items()}
        return {key: value for key, value in entered.items() if value}

    @property
    def preview(self) -> Preview:
        return preview(self.template, self.parameters)

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        names = list(self.fields_of_keys.values())
        if self.file_key:
            names.insert(names.index(self.fields_of_keys[self.file_key]) + 1, "file")
        return [self[name] for name in names]

    def show(self, entered: Mapping[str, Any]) -> None:
        """Fill the fields without checking them: what is still empty is no mistake in a preview."""
        self.initial.update(
            {name: entered.get(self.add_prefix(name), "") for name in self.fields if name not in UNSHOWN}
        )

    def suggest(self, customer: Customer) -> None:
        """Fill in what is known of a customer, where the name of a placeholder says what it is."""
        known = {str(name).casefold(): str(value) for name, value in customer.attributes.items()}
        known |= dict.fromkeys(NAMES_OF_CUSTOMER, customer.name) | {"phone": customer.phone or ""}
        self.initial.update(
            {name: known[key.casefold()] for key, name in self.fields_of_keys.items() if known.get(key.casefold())}
        )


def template_choices(number: WhatsAppNumber) -> list[tuple[int, str]]:
    """The templates that may be sent through a number: id, and what a person recognises it by."""
    return [(template.pk, _label(template)) for template in usable_with(number)]


def chosen_form(request: HttpRequest, number: WhatsAppNumber, customer: Customer | None = None) -> TemplateForm | None:
    """
    The form of the template that a request names in `template`; None when it may not be sent through the number. With
    `preview` it is filled in and not checked; a new one says what is known of the customer. Raises Http404 for what
    is no id.
    """
    data = request.POST if request.method == "POST" else None
    pk = (request.GET if data is None else data).get("template", "")
    if not is_id(pk):
        raise Http404
    template = usable_with(number).filter(pk=pk).first()
    if template is None:
        return None
    if data is not None and "preview" not in data:
        return TemplateForm(template, data, request.FILES)
    form = TemplateForm(template)
    if data is not None:
        form.show(data)
    elif customer:
        form.suggest(customer)
    return form


def is_id(text: str) -> bool:
    """Whether a text may be the primary key of a row."""
    return text.isdecimal() and len(text) < 19


def _label(template: MessageTemplate) -> str:
    body = preview(template, {}).body
    return f"{template}: {Truncator(' '.join(body.split())).chars(60)}"
