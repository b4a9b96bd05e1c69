"""What people write down of one customer, a thing at a time."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.models import Customer
from crm.models.customer import attribute_text

#: Characters of an attribute's name, and of its value, as people write them.
MAX_ATTRIBUTE_NAME = 100
MAX_ATTRIBUTE = 2000


def rename(customer: Customer, name: str) -> None:
    """Call a customer so from now on; an empty name is none. Raises ValidationError on `name`."""
    if len(name) > 200:
        raise ValidationError({"name": _("A name has at most 200 characters. Shorten it.")}, code="max_length")
    if name != customer.name:
        customer.name = name
        customer.save(update_fields=["name"])


@transaction.atomic
def set_attribute(customer: Customer, name: str, value: str) -> None:
    """Note something by its name. Raises ValidationError on `attribute`."""
    name, value = name.strip(), value.strip()
    if not name or ":" in name or "\n" in name or len(name) > MAX_ATTRIBUTE_NAME:
        sentence = _("Write what it is called, without a colon: at most 100 characters.")
        raise ValidationError({"attribute": sentence}, code="invalid")
    if len(value) > MAX_ATTRIBUTE:
        raise ValidationError({"attribute": _("At most 2000 characters. Shorten it.")}, code="max_length")
    _save(customer, lambda attributes: attributes if _reads(attributes, name, value) else {**attributes, name: value})


def _reads(attributes: dict[str, Any], name: str, value: str) -> bool:
    """Whether it is written down so already: a number stays one, though people see its text."""
    return name in attributes and attribute_text(attributes[name]) == value


@transaction.atomic
def remove_attribute(customer: Customer, name: str) -> None:
    """Forget something; nothing happens where it is not known."""
    _save(customer, lambda attributes: {known: value for known, value in attributes.items() if known != name})


def _save(customer: Customer, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the attributes as they are now: a bot may have written others meanwhile."""
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    attributes = change(locked.attributes if isinstance(locked.attributes, dict) else {})
    if attributes != locked.attributes:
        locked.attributes = attributes
        locked.save(update_fields=["attributes"])
    customer.attributes, customer.revision = locked.attributes, locked.revision
