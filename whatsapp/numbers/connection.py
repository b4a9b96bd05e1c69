"""How a number stands at Meta: what Meta is asked, and what follows from its answer for the number's fields."""

import re
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.client import Json
from whatsapp.graph.error_codes import PERMISSION, TOKEN
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble
from whatsapp.models import WhatsAppNumber
from whatsapp.phone_numbers import readable_phone

from . import confirmation, labels


@dataclass(frozen=True)
class Connection:
    """
    How a number stands at Meta, in the terms of WhatsAppNumber's fields. None is what Meta did not say. `membership`
    is whether Meta lists the number in its account.
    """

    status: str
    problem: str = ""
    membership: confirmation.Membership | None = None
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
    def verdict(self) -> dict[str, str]:
        """The fields that say whether all is well. A token that Meta accepts is no longer refused."""
        fields = {"status": self.status, "problem": self.problem[:500]}
        return fields if self.status == WhatsAppNumber.Status.PROBLEM else fields | {"refused_token": ""}

    @property
    def facts(self) -> dict[str, str]:
        """The fields of which Meta said something."""
        judged = ("status", "problem", "membership")
        return {name: value for name, value in vars(self).items() if name not in judged and value is not None}

    def write_to(self, number: WhatsAppNumber) -> set[str]:
        """Set the number's fields, and return their names. Everything else at Meta is to be read anew, too."""
        now = timezone.now()
        fields: dict[str, object] = {
            **self.verdict,
            **self.facts,
            "templates_due_at": now,
            "check_due_at": now,
            "token_expires_at": None,
        }
        if self.is_confirmed:
            fields |= {"checked_at": now, "confirmed_at": now}
        if self.membership:
            fields["waba_confirmed_at"] = self.membership.confirmed_at
            fields["alerts"] = self.membership.alerts_after(number.alerts)
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
            raise ValidationError({"phone_number_id": not_found_text(error)}, code="not_found_at_meta") from error
        return Connection(WhatsAppNumber.Status.NOT_CHECKED, problem=no_answer_text(error))
    except CloudApiTrouble as trouble:
        return Connection(WhatsAppNumber.Status.NOT_CHECKED, problem=no_answer_text(trouble))
    membership = _membership(api, waba_id, phone_number_id) if waba_id else None
    return replace(connection_of(facts, phone_number), membership=membership)


def _membership(api: AccountApi, waba_id: str, phone_number_id: str) -> confirmation.Membership | None:
    try:
        return confirmation.read_listing(api, waba_id).membership(phone_number_id)
    except CloudApiTrouble:
        return None


def not_found_text(error: CloudApiError) -> str:
    return _("Meta does not know this phone number ID, or the token may not use it (%(error)s).") % {
        "error": error.title
    }


def no_answer_text(trouble: CloudApiTrouble) -> str:
    """What to say when Meta said nothing about a number."""
    if isinstance(trouble, CloudApiError):
        text = _("Meta did not report how the number stands. Try again in a few minutes. (Meta: %(error)s)")
        return text % {"error": trouble.summary}
    if isinstance(trouble, AnswerLost):
        return _("Meta's answer was lost. Try again in a few minutes.")
    return str(trouble)


def connection_of(facts: Json, phone_number: str) -> Connection:
    """The Connection that follows from Meta's facts about a number which was given as `phone_number`."""
    throughput = facts.get("throughput")
    meta_status = _text(facts.get("status"), 30)
    problem = _other_phone_text(facts, phone_number)
    if not problem and meta_status in labels.CANNOT_SEND:
        problem = str(labels.STATUS_ADVICE[meta_status])
    return Connection(
        WhatsAppNumber.Status.PROBLEM if problem else WhatsAppNumber.Status.CONNECTED,
        problem,
        verified_name=_text(facts.get("verified_name"), 200),
        quality_rating=_text(facts.get("quality_rating"), 20),
        meta_status=meta_status,
        name_status=_text(facts.get("name_status"), 30),
        messaging_limit=_text(facts.get("whatsapp_business_manager_messaging_limit"), 30),
        throughput=_text(throughput.get("level") if isinstance(throughput, dict) else "", 30),
    )


def _text(value: object, length: int) -> str:
    return str(value)[:length] if isinstance(value, str | int) else ""


def _other_phone_text(facts: Json, phone_number: str) -> str:
    theirs = re.sub(r"\D", "", str(facts.get("display_phone_number") or ""))
    if not theirs or theirs == phone_number.lstrip("+"):
        return ""
    problem = _("At Meta this ID belongs to %(phone)s. Correct the phone number or the ID.")
    return problem % {"phone": readable_phone(f"+{theirs}")}
