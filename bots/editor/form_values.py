"""Lists and named texts as people type them into one field: words with commas, names with their texts line by line."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class WordsField(forms.CharField):
    """Words separated by commas; a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> Any:
        words = (super().to_python(value) or "").split(",")
        return list(dict.fromkeys(word.strip() for word in words if word.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data or "") != (initial or [])


class JsonField(forms.JSONField):
    """Any JSON, readable."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})
    default_error_messages = {"invalid": _('This is no JSON. Write it like {"name": "{{vars.name}}"}.')}

    def prepare_value(self, value: Any) -> Any:
        """As it was typed, or nothing: a step without JSON has None."""
        return "" if value is None else super().prepare_value(value)


class NamedTextsField(forms.CharField):
    """Lines like `name = text`; a dict."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 40})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name} = {text}" for name, text in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        lines = [line for line in (super().to_python(value) or "").splitlines() if line.strip()]
        return dict(map(self.read, lines))

    def read(self, line: str) -> tuple[str, str]:
        name, equals, text = (part.strip() for part in line.partition("="))
        if not (name and equals and text):
            raise ValidationError(
                _("Write each line like city = Omsk; “%(line)s” is not."),
                code="bad_line",
                params={"line": line.strip()[:60]},
            )
        return name, text

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (data or "").split() != (self.prepare_value(initial or {})).split()
