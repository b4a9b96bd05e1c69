"""Connecting a number, changing it, and switching it on and off."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import plans
from accounts.models import Business
from accounts.refusals import Refusal
from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from . import confirmation
from .connection import Connection, ask_meta

#: Changing one of these means asking Meta again.
CHECKED_FIELDS = {"access_token", "phone_number_id", "phone_number", "waba_id"}


def connect(business: Business, **fields: Any) -> WhatsAppNumber:
    """
    A new number of a business, checked at Meta. Raises ValidationError (token or ID refused, ID taken) and
    Refusal("plan_limit").
    """
    check_plan(business)
    number = WhatsAppNumber(business=business, **fields)
    ask_about(number).write_to(number)
    with transaction.atomic():
        # Others may have connected numbers while Meta was asked.
        check_plan(business)
        _save(number)
    return number


def check_plan(business: Business) -> None:
    """Raise Refusal("plan_limit") when the business may not have one number more."""
    plans.check_limit(business, "numbers", lambda: WhatsAppNumber.objects.for_business(business).count() + 1)


def update(number: WhatsAppNumber, **changes: Any) -> WhatsAppNumber:
    """Change a number; what Meta checked before is checked again. Raises ValidationError."""
    changed = {name for name, value in changes.items() if differs(number, name, value)}
    for name in changed:
        setattr(number, name, changes[name])
    changed |= confirmation.forget_outdated(number, changed)
    if changed & CHECKED_FIELDS:
        changed |= ask_about(number).write_to(number)
    _save(number, update_fields=changed)
    return number


def ask_about(number: WhatsAppNumber) -> Connection:
    """Ask Meta about a number as it was entered, unless its phone number ID is another's. Raises ValidationError."""
    confirmation.check_is_free(number)
    token = number.readable_secret("access_token")
    if token is None:
        text = _("The saved token cannot be read: enter it again.")
        raise ValidationError({"access_token": text}, code="token_unreadable")
    return ask_meta(token, number.phone_number_id, number.phone_number, number.waba_id)


def differs(number: WhatsAppNumber, name: str, value: object) -> bool:
    try:
        return bool(getattr(number, name) != value)
    except UnreadableSecret:
        return True


def _save(number: WhatsAppNumber, update_fields: set[str] | None = None) -> None:
    """Save what changed and no more: delivery may record a pause at the same moment."""
    try:
        with transaction.atomic():
            number.save(update_fields=update_fields)
    except IntegrityError as error:
        raise confirmation.taken_error() from error


def activate(number: WhatsAppNumber) -> None:
    """Let bots answer and messages go out again, also those that waited. No effect on an active number."""
    number.is_active = True
    number.save(update_fields=["is_active"])


def deactivate(number: WhatsAppNumber) -> None:
    """Go on storing what comes in, and send nothing. No effect on an inactive number."""
    number.is_active = False
    number.save(update_fields=["is_active"])


def check_may_send_from(number: WhatsAppNumber) -> None:
    """Raise Refusal when nothing may be sent from this number: switched off, or its business may not send."""
    if not number.is_active:
        raise Refusal(
            "number_inactive",
            _("The number “%(number)s” is switched off, so nothing is sent. Activate it to go on.")
            % {"number": number.name},
        )
    plans.check_may_send(number.business)
