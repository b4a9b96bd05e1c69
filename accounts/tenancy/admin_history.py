"""What the history of a row says that a form changed."""

from typing import Any

from django.db.models import Model
from django.utils import translation
from django.utils.text import capfirst

#: As Django's `construct_change_message` gives it: [{"changed": {"fields": ["Amount"]}}, …].
ChangeMessage = list[dict[str, dict[str, Any]]]


def name_fields(message: ChangeMessage, model: type[Model]) -> ChangeMessage:
    """
    Name a row's fields as the catalogues of translations do, so that each reads them in their own language: Django
    keeps a form's labels, which begin with a capital letter.
    """
    with translation.override(None):
        names = [str(field.verbose_name) for field in (*model._meta.fields, *model._meta.many_to_many)]
    by_label = {capfirst(name): name for name in names}
    for part in message:
        for details in part.values():
            # What names an object is about rows of a formset, which are of another model.
            if "object" not in details and "fields" in details:
                details["fields"] = [by_label.get(label, label) for label in details["fields"]]
    return message
