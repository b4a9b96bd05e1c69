"""Connecting a number, keeping it, and switching it on and off."""

import re
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import plans
from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.error_codes import PERMISSION, TOKEN
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble
from whatsapp.models import WhatsAppNumber
from whatsapp.phone_numbers import readable_phone
from whatsapp.secrets.encryption import UnreadableSecret

from . import confirmation, labels

#: Changing one of these means asking Meta again.
CHECKED_FIELDS = {"access_token", "phone_number_id", "phone_number", "waba_id"}


@dataclass(frozen=True)
class Connection:
    """
    How a number stands at Meta, in the words of WhatsAppNumber's fields. None is what Meta did not tell. `standing` is
    whether Meta lists the number in its account.
    """

    status: str
    problem: str = ""
    standing: confirmation.Standing | None = None
    verified_name: str | None = None
    quality_rating: str | None = None
    meta_status: str | None = None
    name_status: str | None = None
    messaging_limit: str | None = None
    throughput: str | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether Meta let the token read the phone number ID."""
        return self.status != WhatsAppNumber.Status.NOT_CHECKED

    @property
    def verdict(self):
        """Whether all is well. A token that Meta takes is refused no longer."""
        fields = {"status": self.status, "problem": self.problem[:500]}
        return fields if self.status == WhatsAppNumber.Status.PROBLEM else fields | {"refused_token": ""}

    @property
    def facts(self):
        told = {name: value for name, value in vars(self).items() if name not in ("status", "problem", "standing")}
        return {name: value for name, value in told.items() if value is not None}

    def write_to(self, number):
        """Set the number's fields, and return their names. All else at Meta is read anew, too."""
        now = timezone.now()
        fields = {**self.verdict, **self.facts, "templates_due_at": now, "check_due_at": now, "token_expires_at": None}
        if self.is_confirmed:
            fields |= {"checked_at": now, "confirmed_at": now}
        if self.standing:
            fields |= {"waba_confirmed_at": self.standing.confirmed_at, "alerts": self.standing.noted(number.alerts)}
        for name, value in fields.items():
            setattr(number, name, value)
        return set(fields)


def ask_meta(access_token: str, phone_number_id: str, phone_number: str, waba_id: str = "") -> Connection:
    """
    Ask Meta about a number, and whether its account lists it; never inside a transaction. Out of reach, it is
    `not_checked`; a phone that is not the one given is a `problem`. Raises ValidationError for a token or an ID that
    Meta refuses.
    """
    api = AccountApi(access_token)
    try:
        facts = api.phone_number(phone_number_id)
    except CloudApiError as error:
        if error.error_class in (TOKEN, PERMISSION) or error.http_status == 401:
            raise ValidationError({"access_token": str(error)}, code="token_refused") from error
        if error.http_status < 500:
            raise ValidationError({"phone_number_id": not_found(error)}, code="not_found_at_meta") from error
        return Connection(WhatsAppNumber.Status.NOT_CHECKED, problem=no_answer(error))
    except CloudApiTrouble as trouble:
        return Connection(WhatsAppNumber.Status.NOT_CHECKED, problem=no_answer(trouble))
    standing = _standing(api, waba_id, phone_number_id) if waba_id else None
    return replace(connection_of(facts, phone_number), standing=standing)


def _standing(api: AccountApi, waba_id: str, phone_number_id: str) -> confirmation.Standing | None:
    try:
        return confirmation.listing(api, waba_id).standing(phone_number_id)
    except CloudApiTrouble:
        return None


def not_found(error):
    return _("Meta does not know this phone number ID, or the token may not use it (%(error)s).") % {
        "error": error.title
    }


def no_answer(trouble):
    """What to say when Meta told nothing of a number."""
    if isinstance(trouble, CloudApiError):
        told = {"error": ", ".join(str(part) for part in (trouble.code, trouble.title) if part)}
        return _("Meta did not tell how the number stands. Try again in a few minutes. (Meta: %(error)s)") % told
    if isinstance(trouble, AnswerLost):
        return _("Meta's answer was lost. Try again in a few minutes.")
    return str(trouble)


def connection_of(facts, phone_number):
    """The Connection that Meta's facts about a number tell of, when it was given as `phone_number`."""
    throughput = facts.get("throughput")
    told = {
        "verified_name": _text(facts.get("verified_name"), 200),
        "quality_rating": _text(facts.get("quality_rating"), 20),
        "meta_status": _text(facts.get("status"), 30),
        "name_status": _text(facts.get("name_status"), 30),
        "messaging_limit": _text(facts.get("whatsapp_business_manager_messaging_limit"), 30),
        "throughput": _text(throughput.get("level") if isinstance(throughput, dict) else "", 30),
    }
    problem = _other_phone(facts, phone_number)
    if not problem and told["meta_status"] in labels.CANNOT_SEND:
        problem = str(labels.STANDINGS[told["meta_status"]])
    if problem:
        return Connection(WhatsAppNumber.Status.PROBLEM, problem, **told)
    return Connection(WhatsAppNumber.Status.CONNECTED, **told)


def _text(value, length):
    return str(value)[:length] if isinstance(value, str | int) else ""


def _other_phone(facts, phone_number):
    theirs = re.sub(r"\D", "", str(facts.get("display_phone_number") or ""))
    if not theirs or theirs == phone_number.lstrip("+"):
        return ""
    problem = _("At Meta this ID belongs to %(phone)s. Correct the phone number or the ID.")
    return problem % {"phone": readable_phone(f"+{theirs}")}


def connect(business, **fields):
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


def check_plan(business):
    """Raise Refusal("plan_limit") when the business may not have one number more."""
    plans.check_limit(business, "numbers", lambda: WhatsAppNumber.objects.for_business(business).count() + 1)


def update(number, **changes):
    """Change a number; what Meta checked before is checked again. Raises ValidationError."""
    changed = {name for name, value in changes.items() if _differs(number, name, value)}
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
    return ask_meta(_readable_token(number), number.phone_number_id, number.phone_number, number.waba_id)


def _differs(number, name, value):
    try:
        return getattr(number, name) != value
    except UnreadableSecret:
        return True


def _readable_token(number):
    try:
        return number.access_token
    except UnreadableSecret as error:
        told = _("The saved token cannot be read: enter it again.")
        raise ValidationError({"access_token": told}, code="token_unreadable") from error


def _save(number, update_fields=None):
    """Save what changed and no more: delivery may write down a pause at the same moment."""
    try:
        with transaction.atomic():
            number.save(update_fields=update_fields)
    except IntegrityError as error:
        raise confirmation.taken() from error


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
