"""
What uses message templates, in whichever app it lives. A model whose rows name templates has a classmethod
`uses_of_templates(templates)`, which returns a Use for each of its rows that needs one of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from whatsapp.models import MessageTemplate


@dataclass(frozen=True)
class Use:
    """
    A row that names a template, or something else that may be deleted. `state` says in which way; while it `holds`,
    that cannot be deleted.
    """

    row: models.Model
    state: str = ""
    holds: bool = False

    @property
    def kind(self) -> str:
        return str(self.row._meta.verbose_name)

    def __str__(self) -> str:
        text = _("%(kind)s “%(name)s”") % {"kind": self.kind, "name": self.row}
        return f"{text} ({self.state})" if self.state else text


def uses_of(templates: Iterable[MessageTemplate]) -> list[Use]:
    """All that uses these templates of one business; what holds them comes first."""
    finders = [model.uses_of_templates for model in apps.get_models() if hasattr(model, "uses_of_templates")]
    found: list[Use] = [use for find in finders for use in find(templates)]
    return sorted(found, key=lambda use: not use.holds)
