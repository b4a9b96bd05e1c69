from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import time_zones
from accounts.tenancy.forms import TenantModelForm
from accounts.tenancy.idempotent_form import IdempotentForm
from accounts.tenancy.widgets import TenantAutocompleteSelectMultiple
from broadcasts import audience
from broadcasts.models import Broadcast, BroadcastMessage
from crm.customers.tags import find_tags
from crm.models import Customer, Tag
from whatsapp.graph.media_types import extensions_of
from whatsapp.message_templates import header_files
from whatsapp.message_templates.preview import label_of
from whatsapp.models import MessageTemplate
from whatsapp.phone_numbers import normalize_phone
from whatsapp.template_parameters import FILE, media_key, optional, placeholders

from .parameter_fields import ParameterField, attribute_names

#: The names of the fields of placeholders begin so.
PARAMETER = "parameter_"

#: The box that is ticked when tags of the audience have been deleted.
WITHOUT_GONE = "without_gone"


class NewBroadcastForm(TenantModelForm):
    """The first step: what is sent through which number. The template says which fields the second step has."""

    class Meta:
        model = Broadcast
        fields = ["name", "whatsapp_number", "template"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template = _choice(self, "template")
        template.queryset = template.queryset.filter(status=MessageTemplate.Status.APPROVED)
        template.help_text = _("Templates that Meta has approved.")
        for name in ("whatsapp_number", "template"):
            _without_links(self.fields[name].widget)


def _choice(form: forms.BaseForm, name: str) -> Any:
    """A field whose choices are rows."""
    return form.fields[name]


def _without_links(widget: Any) -> None:
    """Of the admin's select: what it chooses from is not changed here."""
    widget.can_add_related = widget.can_change_related = widget.can_delete_related = widget.can_view_related = False


def _tags_field(label: Any, help_text: Any = "") -> forms.ModelMultipleChoiceField:
    widget = TenantAutocompleteSelectMultiple(Customer._meta.get_field("tags"), admin.site)
    return forms.ModelMultipleChoiceField(
        Tag.objects.none(), label=label, required=False, widget=widget, help_text=help_text
    )


class DraftForm(NewBroadcastForm):
    """The draft: also what stands in the template, who receives it, and when."""

    who = forms.ChoiceField(
        label=_("Who receives it"),
        choices=[("chosen", _("those chosen below")), ("everyone", _("everybody"))],
        widget=forms.RadioSelect,
    )
    tags_any = _tags_field(_("With any of these tags"))
    customers = forms.ModelMultipleChoiceField(
        Customer.objects.none(),
        label=_("And these customers"),
        required=False,
        widget=TenantAutocompleteSelectMultiple(BroadcastMessage._meta.get_field("customer"), admin.site),
    )
    tags_all = _tags_field(
        _("Only with all of these tags"), _("Narrows down the choice above; leave it empty to write to all of them.")
    )
    tags_none = _tags_field(_("Without these tags"), _("Who has one of them receives nothing."))

    class Meta(NewBroadcastForm.Meta):
        fields = [*NewBroadcastForm.Meta.fields, "scheduled_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        business = self.instance.business
        document = self.instance.audience
        for name in audience.TAG_LISTS:
            _choice(self, name).queryset = Tag.objects.for_business(business)
            self.initial[name] = find_tags(business.pk, document.get(name, []))
        _choice(self, "customers").queryset = Customer.objects.for_business(business)
        self.initial["customers"] = document.get("customers", [])
        self.initial["who"] = "everyone" if document.get("everyone") else "chosen"
        _choice(self, "template").queryset |= MessageTemplate.objects.filter(pk=self.instance.template_id)
        self.fields["scheduled_at"].help_text = _("Empty: when you press “Start”. Time zone: %(zone)s.") % {
            "zone": time_zones.current()
        }
        for name in self.parameter_names:
            self.initial[name] = self.instance.parameters.get(name.removeprefix(PARAMETER), "")
        if self.file_key:
            self._show_file(PARAMETER + self.file_key)

    @property
    def file_key(self) -> str:
        """The key of the template's header that shows a file; empty where it shows none."""
        return media_key(self.instance.template)

    @property
    def parameter_names(self) -> list[str]:
        return [name for name in self.fields if name.startswith(PARAMETER)]

    def _show_file(self, name: str) -> None:
        """Name the file that was chosen before; it stays until another file or a link is given."""
        reference = self.initial[name]
        chosen = header_files.readable({self.file_key: reference}, self.instance.whatsapp_number_id)[self.file_key]
        if FILE.fullmatch(reference):
            self.initial[name] = ""
            self.fields["header_file"].help_text = _("Chosen: %(name)s") % {"name": chosen}

    def clean_header_file(self) -> UploadedFile | None:
        upload: UploadedFile | None = self.cleaned_data["header_file"]
        if upload:
            header_files.check_upload(upload, self.file_key)
        return upload

    def clean_scheduled_at(self) -> datetime | None:
        """A time that has been written lies ahead; one that has passed since then may stay."""
        time: datetime | None = self.cleaned_data["scheduled_at"]
        if time and "scheduled_at" in self.changed_data and time <= timezone.now():
            raise ValidationError(
                _("This time has passed. Write a later one, or none to send when you press “Start”.")
            )
        return time

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        if not self.errors:
            self._clean_audience(cleaned_data)
        return cleaned_data

    def _clean_audience(self, cleaned_data: dict[str, Any]) -> None:
        document = {
            "everyone": cleaned_data["who"] == "everyone",
            "customers": [customer.pk for customer in cleaned_data["customers"]],
            **{name: [tag.name for tag in cleaned_data[name]] for name in audience.TAG_LISTS},
        }
        document = {key: value for key, value in document.items() if value}
        is_chosen = "tags_any" in document or "customers" in document
        if not is_chosen and "everyone" not in document:
            self.add_error("who", _("Choose a tag or a customer below, or everybody."))
        elif is_chosen and "everyone" in document:
            self.add_error("who", _("Everybody, or those chosen below? Take out one of them."))
        else:
            cleaned_data["audience"] = audience.clean(self.instance.business, document)

    def values(self) -> dict[str, Any]:
        """What a valid form holds, as the fields of a Broadcast."""
        keys = placeholders(self.cleaned_data["template"])
        texts = {name.removeprefix(PARAMETER): self.cleaned_data[name] for name in self.parameter_names}
        fields = (*DraftForm.Meta.fields, "audience")
        if self.file_key and (reference := self._reference(texts.get(self.file_key, ""))):
            texts[self.file_key] = reference
        given = {key: text for key, text in texts.items() if key in keys and text}
        return {
            **{name: self.cleaned_data[name] for name in fields},
            "parameters": given | self._kept(given),
        }

    def _kept(self, given: dict[str, str]) -> dict[str, str]:
        """The parameters that the form has no field for, such as a document's name, as long as it is that document."""
        before = self.instance.parameters
        if given.get(self.file_key) != before.get(self.file_key):
            return {}
        return {key: before[key] for key in optional(self.cleaned_data["template"]) if key in before}

    def _reference(self, link: str) -> str:
        """The file that was chosen now, or else before; empty where a link was given in its place."""
        if upload := self.cleaned_data["header_file"]:
            return header_files.store(self.cleaned_data["whatsapp_number"], upload).reference
        before = self.instance.parameters.get(self.file_key, "")
        return before if FILE.fullmatch(before) and not link else ""


def _without_gone_field(gone: list[str]) -> forms.BooleanField:
    """Whoever saves the form says that they have seen it: without a tag, an audience may be a larger one."""
    label = _("Without the deleted tags: %(tags)s") % {"tags": ", ".join(gone)}
    message = _("These tags have been deleted, and the choice above is without them. Look at it, then tick this.")
    return forms.BooleanField(label=label, help_text=message, error_messages={"required": message})


def draft_form_for(broadcast: Broadcast) -> type[DraftForm]:
    """The form of a draft, with a field for each placeholder of its template."""
    attributes = attribute_names(broadcast.business)
    fields: dict[str, forms.Field] = {
        PARAMETER + key: ParameterField(attributes, label=label_of(broadcast.template, key), required=False)
        for key in placeholders(broadcast.template)
    }
    if key := media_key(broadcast.template):
        accepted = ",".join(extensions_of(key.removeprefix("header.")))
        fields["header_file"] = forms.FileField(
            label=_("or a file"), required=False, widget=forms.FileInput(attrs={"accept": accepted})
        )
    if gone := audience.gone_tags(broadcast.business, broadcast.audience):
        fields[WITHOUT_GONE] = _without_gone_field(gone)
    return type("DraftForm", (DraftForm,), fields)


class TestForm(IdempotentForm):
    """A test to one phone."""

    to = forms.CharField(label=_("Phone"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"}))

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.country = country

    def clean_to(self) -> str:
        return normalize_phone(self.cleaned_data["to"], self.country)


def check_count(typed: str, count: int) -> None:
    """Raise ValidationError unless the number of recipients was typed as asked."""
    if "".join(character for character in typed if character.isdecimal()) != str(count):
        raise ValidationError(
            _("To start, type how many people receive it: %(count)s."), params={"count": count}, code="count"
        )
