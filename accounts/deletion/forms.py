"""The form that is filled in before a deletion."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Model
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class NameForm(forms.Form):
    """Asks for the name of a row. The number of spaces does not matter."""

    typed = forms.CharField(
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Type the name, so that nothing is deleted by mistake.")},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, row: Model) -> None:
        super().__init__(data, prefix=f"name-{row.pk}", label_suffix="")
        self.name = str(row)
        label = _("To delete it, type its name: {}")
        self.fields["typed"].label = format_html(label, format_html("<strong>{}</strong>", self.name))

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.split() != self.name.split():
            raise forms.ValidationError(_("This is not the name. Nothing was deleted."))
        return typed
