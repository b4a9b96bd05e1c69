"""Canned replies: who may write which, and how each reads in a conversation."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.refusals import Refusal
from crm.customers import interpolation
from crm.models import Customer, SavedReply
from crm.models.saved_reply import MAX_TEXT


def check_text(text: str) -> None:
    """Raise ValidationError on `text` when it asks for what no customer has."""
    unknown = next((name for name in interpolation.names_in(text) if not interpolation.is_of_customer(name)), None)
    if unknown:
        sentence = _("There is no “%(name)s”. Known are customer.name, customer.phone and customer.attributes.…")
        raise ValidationError({"text": ValidationError(sentence, params={"name": unknown[:60]})})
    if interpolation.has_leftovers(text):
        raise ValidationError(
            {"text": _('This is no placeholder. Write it like {{customer.name|default:"friend"}}.')},
        )


def as_shortcut(text: str) -> str:
    """How a shortcut is stored, however a person writes it."""
    return text.strip().lstrip("/").lower()


def may_write(user: User, is_shared: bool) -> bool:
    """Whether a person may write, change and delete replies of their own, or everybody's."""
    return not is_shared or user.has_perm("crm.share_savedreply")


def check_may_write(user: User, is_shared: bool) -> None:
    """Raise Refusal unless the person `may_write` such a reply."""
    if not may_write(user, is_shared):
        raise Refusal(
            "not_yours",
            _("Shared replies are for managers to write. Save it as your own, or ask a manager."),
            status=403,
        )


def filled_in(reply: SavedReply, customer: Customer) -> str:
    """A reply as it reads to a customer."""
    return interpolation.fill(reply.text, lambda name: interpolation.value_of(customer, name), MAX_TEXT)
