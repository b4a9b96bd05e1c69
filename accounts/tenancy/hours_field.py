"""The hours of a day as people type them into one field."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS

from accounts.office_hours import DAYS, read_span

#: The fields of a form → the days of its hours.
HOURS = {f"hours_{day}": day for day in DAYS}


class DayHoursField(forms.CharField):
    """The spans of a day like 9:00-13:00, 14:00-18:00; a list."""

    widget = forms.TextInput(attrs={"placeholder": "9:00-18:00"})

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> Any:
        spans = [span.strip() for span in (super().to_python(value) or "").split(",")]
        return list(dict.fromkeys(read_span(span) for span in spans if span))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data or "") != (initial or []))
        except ValidationError:
            return True


class HoursForm(forms.Form):
    """A field for the hours of each day, for a form of what has office hours."""

    hours_mon = DayHoursField(WEEKDAYS[0])
    hours_tue = DayHoursField(WEEKDAYS[1])
    hours_wed = DayHoursField(WEEKDAYS[2])
    hours_thu = DayHoursField(WEEKDAYS[3])
    hours_fri = DayHoursField(WEEKDAYS[4])
    hours_sat = DayHoursField(WEEKDAYS[5])
    hours_sun = DayHoursField(WEEKDAYS[6])


def show_hours(form: forms.BaseForm, office_hours: dict[str, list[str]]) -> None:
    """Put the hours of each day into the form's fields for them."""
    for name in set(HOURS) & set(form.fields):
        form.fields[name].initial = office_hours.get(HOURS[name], [])


def written_hours(cleaned_data: dict[str, Any]) -> dict[str, list[str]]:
    """The office hours that the fields of a form hold."""
    return {day: cleaned_data[name] for name, day in HOURS.items() if cleaned_data.get(name)}
