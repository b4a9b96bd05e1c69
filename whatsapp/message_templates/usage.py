"""
What uses message templates, in whichever app it lives. A model whose rows name templates has a classmethod
`uses_of_templates(templates)`, which returns a Use for each of its rows that still needs one of them.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Use:
    """A row that names a template. `state` says in which way; `holds` forbids to delete the template now."""

    row: models.Model
    state: str = ""
    holds: bool = False

    @property
    def kind(self):
        return str(self.row._meta.verbose_name)

    def __str__(self):
        named = _("%(kind)s “%(name)s”") % {"kind": self.kind, "name": self.row}
        return f"{named} ({self.state})" if self.state else named


def uses_of(templates):
    """All that uses these templates of one business; what holds them comes first."""
    models_with_uses = [model for model in apps.get_models() if hasattr(model, "uses_of_templates")]
    found = [use for model in models_with_uses for use in model.uses_of_templates(templates)]
    return sorted(found, key=lambda use: not use.holds)
