"""Connecting a number, keeping it, and switching it on and off."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import plans
from accounts.refusals import Refusal

from .cloud_api import CloudApi, CloudApiError, CloudApiTrouble
from .cloud_api_errors import PERMISSION, TOKEN
from .models import WhatsAppNumber
from .phone_numbers import readable_phone

#: Changing one of these means asking Meta again.
CHECKED_FIELDS = {"access_token", "phone_number_id", "phone_number", "waba_id"}


@dataclass(frozen=True)
class Connection:
    """How a number stands at Meta, in the words of WhatsAppNumber's fields."""

    status: str
    problem: str = ""
    verified_name: str = ""
    quality_rating: str = ""

    def write_to(self, number):
        """Set the number's fields, and return their names. The templates are then read anew, too."""
        now = timezone.now()
        facts = {**vars(self), "checked_at": now, "templates_due_at": now}
        if self.status != WhatsAppNumber.Status.PROBLEM:
            facts["refused_token"] = ""
        for name, value in facts.items():
            setattr(number, name, value)
        return set(facts)


def ask_meta(access_token, phone_number_id, phone_number):
    """
    Ask Meta about a number; never inside a transaction. Out of reach, it is `not_checked`; a phone that is not the
    one given is a `problem`. Raises ValidationError for a token or an ID that Meta refuses.
    """
    try:
        facts = CloudApi(access_token).phone_number(phone_number_id)
    except CloudApiError as error:
        if error.error_class in (TOKEN, PERMISSION) or error.http_status == 401:
            raise ValidationError({"access_token": str(error)}, code="token_refused") from error
        if error.http_status < 500:
            raise ValidationError({"phone_number_id": _not_found(error)}, code="not_found_at_meta") from error
        return Connection(WhatsAppNumber.Status.NOT_CHECKED, problem=str(error))
    except CloudApiTrouble as trouble:
        return Connection(WhatsAppNumber.Status.NOT_CHECKED, problem=str(trouble))
    return _connection(facts, phone_number)


def _not_found(error):
    return _("Meta does not know this phone number ID, or the token may not use it (%(error)s).") % {
        "error": error.title
    }


def _connection(facts, phone_number):
    told = {
        "verified_name": str(facts.get("verified_name") or "")[:200],
        "quality_rating": str(facts.get("quality_rating") or "")[:20],
    }
    theirs = re.sub(r"\D", "", str(facts.get("display_phone_number") or ""))
    if theirs and theirs != phone_number.lstrip("+"):
        problem = _("At Meta this ID belongs to %(phone)s. Correct the phone number or the ID.")
        return Connection(WhatsAppNumber.Status.PROBLEM, problem % {"phone": readable_phone(f"+{theirs}")}, **told)
    return Connection(WhatsAppNumber.Status.CONNECTED, **told)


def connect(business, **fields):
    """
    A new number of a business, checked at Meta. Raises ValidationError (token or ID refused, ID taken) and
    Refusal("plan_limit").
    """
    check_plan(business)
    number = WhatsAppNumber(business=business, **fields)
    ask_meta(number.access_token, number.phone_number_id, number.phone_number).write_to(number)
    with transaction.atomic():
        # Others may have connected numbers while Meta was asked.
        check_plan(business)
        _save(number)
    return number


def check_plan(business):
    """Raise Refusal("plan_limit") when the business may not have one number more."""
    plans.check_limit(business, "numbers", lambda: WhatsAppNumber.objects.for_business(business).count() + 1)


def update(number, **changes):
    """Change a number; what Meta checked before is checked again. Raises ValidationError."""
    changed = {name for name, value in changes.items() if getattr(number, name) != value}
    for name in changed:
        setattr(number, name, changes[name])
    if changed & CHECKED_FIELDS:
        connection = ask_meta(number.access_token, number.phone_number_id, number.phone_number)
        changed |= connection.write_to(number)
    _save(number, update_fields=changed)
    return number


def _save(number, update_fields=None):
    """Save what changed and no more: delivery may write down a pause at the same moment."""
    try:
        with transaction.atomic():
            number.save(update_fields=update_fields)
    except IntegrityError as error:
        taken = WhatsAppNumber._meta.get_field("phone_number_id").error_messages["unique"]
        raise ValidationError({"phone_number_id": taken}, code="unique") from error


def check(number):
    """Ask Meta how a number stands, and write down the answer."""
    try:
        connection = ask_meta(number.access_token, number.phone_number_id, number.phone_number)
    except ValidationError as error:
        connection = Connection(WhatsAppNumber.Status.PROBLEM, problem=" ".join(error.messages))
    number.save(update_fields=connection.write_to(number))
    return number


def activate(number):
    """Bots answer and messages go out again, also those that waited. Without effect when it is on already."""
    number.is_active = True
    number.save(update_fields=["is_active"])


def deactivate(number):
    """Keep what comes in, and send nothing. Without effect when it is off already."""
    number.is_active = False
    number.save(update_fields=["is_active"])


def check_may_send(number):
    """Raise Refusal when nothing may be sent through this number: switched off, or its business may not send."""
    if not number.is_active:
        raise Refusal(
            "number_inactive",
            _("The number “%(number)s” is switched off, so nothing is sent. Activate it to go on.")
            % {"number": number.name},
        )
    plans.check_may_send(number.business)
