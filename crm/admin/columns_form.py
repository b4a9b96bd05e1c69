"""The form that asks what the columns of a file of customers are."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from crm.customers.files.columns import ATTRIBUTE_PREFIX, HEADINGS, attribute_column, heading
from crm.customers.files.table import Column
from crm.models import CustomerUpload


class ColumnsForm(forms.Form):
    """A select for each column, which begins with what was chosen before or with the best guess."""

    def __init__(
        self, data: Any, described: Sequence[Column], uploaded: CustomerUpload, attributes: Sequence[str]
    ) -> None:
        super().__init__(data)
        self.described = described
        chosen = uploaded.columns or [column.guess for column in described]
        for place, column in enumerate(described):
            self.fields[_name(place)] = forms.ChoiceField(
                label=column.heading or _("Column %(letter)s") % {"letter": column.letter},
                choices=_choices(column, attributes),
                initial=chosen[place] if place < len(chosen) else "",
                required=False,
            )

    def rows(self) -> Iterator[tuple[Column, BoundField]]:
        """Each column with its select."""
        return ((column, self[_name(place)]) for place, column in enumerate(self.described))

    def columns(self) -> list[str]:
        """What was chosen, one for each column."""
        return [self.cleaned_data[_name(place)] for place in range(len(self.described))]


def _name(place: int) -> str:
    return f"column_{place}"


def _choices(column: Column, attributes: Sequence[str]) -> list[Any]:
    own = _own_attribute(column)
    others = [(f"{ATTRIBUTE_PREFIX}{name}", name) for name in attributes if f"{ATTRIBUTE_PREFIX}{name}" != own]
    return [
        ("", _("Do not import")),
        *((known, heading(known)) for known in HEADINGS),
        (own, _("Attribute “%(name)s”") % {"name": own.removeprefix(ATTRIBUTE_PREFIX)}),
        *([(_("Other attributes"), others)] if others else []),
    ]


def _own_attribute(column: Column) -> str:
    """The attribute that is named as the column is headed."""
    if column.heading.startswith(ATTRIBUTE_PREFIX):
        return column.heading
    name = column.heading or _("Column %(letter)s") % {"letter": column.letter}
    return attribute_column(name)
