"""
What Meta confirms of a number: that its token may use the phone number ID, and that the WhatsApp Business account has
it. An ID that Meta has not confirmed is a claim: anybody can type one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.error_codes import NO_SUCH_OBJECT, PERMISSION
from whatsapp.graph.errors import CloudApiError
from whatsapp.graph.paging import whole_list
from whatsapp.models import WhatsAppNumber
from whatsapp.models.number import TAKEN

from . import alerts

#: "Invalid parameter": also the answer about an object that a token may not see (Graph API, "Error handling").
INVALID_PARAMETER = 100

#: How long a refused account is told of, unless a check of the number says so again.
ALERT_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """Whether Meta lists a number in its account: since when, or not, with Meta's words if it said any."""

    confirmed_at: datetime | None
    words: str = ""

    def noted(self, known: object) -> dict[str, dict[str, str]]:
        """A number's alerts with what this tells."""
        if self.confirmed_at:
            return alerts.without(known, "waba_refused")
        words = f" (Meta: {self.words})" if self.words else ""
        return alerts.including(known, "waba_refused", timezone.now() + ALERT_LIFETIME, what=words)


@dataclass(frozen=True)
class Listing:
    """The phone number IDs that Meta lists in an account to one token; none, with Meta's words, when it refuses to."""

    phone_number_ids: frozenset[str]
    words: str = ""

    def standing(self, phone_number_id: str) -> Standing:
        is_listed = phone_number_id in self.phone_number_ids
        return Standing(timezone.now() if is_listed else None, self.words)


def listing(api: AccountApi, waba_id: str) -> Listing:
    """
    Ask Meta which numbers an account has (Business Management API, "Phone numbers"); never inside a transaction.
    Raises CloudApiTrouble when Meta does not tell.
    """
    try:
        found = whole_list(partial(api.phone_numbers, waba_id))
    except CloudApiError as error:
        if error.error_class is PERMISSION or _knows_no_such_object(error):
            summary = error.title.partition(". ")[0]
            return Listing(frozenset(), ", ".join(str(part) for part in (error.code, summary) if part))
        raise
    return Listing(frozenset(str(number.get("id")) for number in found))


def check_is_free(number: WhatsAppNumber) -> None:
    """
    Raise ValidationError when the phone number ID is another number's: of the same business, or confirmed by Meta.
    What others merely claim keeps nobody from it.
    """
    others = WhatsAppNumber.objects.filter(phone_number_id=number.phone_number_id).exclude(pk=number.pk)
    if others.filter(Q(business=number.business_id) | Q(confirmed_at__isnull=False)).exists():
        raise taken()


def taken() -> ValidationError:
    return ValidationError({"phone_number_id": TAKEN}, code="unique")


def _knows_no_such_object(error: CloudApiError) -> bool:
    return error.code == INVALID_PARAMETER or error.subcode == NO_SUCH_OBJECT


def forget_outdated(number: WhatsAppNumber, changed: set[str]) -> set[str]:
    """
    Take away what is no longer known of a number of which these fields have changed. Returns the names of the fields
    that are to be saved, too.
    """
    outdated: dict[str, object] = {}
    if "app_secret" in changed:
        outdated["alerts"] = alerts.without(number.alerts, "webhook_secret_missing")
    if changed & {"phone_number_id", "access_token"}:
        outdated["confirmed_at"] = None
    if changed & {"phone_number_id", "access_token", "waba_id"}:
        outdated["waba_confirmed_at"] = None
    if "waba_id" in changed:
        # What Meta told of the account that the number belonged to concerns it no longer.
        outdated["alerts"] = {}
    if changed & {"phone_number_id", "app_secret"}:
        outdated |= {"webhooks_refused": 0, "webhooks_refused_at": None}
    if "phone_number_id" in changed:
        # The PIN is that of another number at Meta, which counts wrong ones.
        outdated |= {"last_event_at": None, "pin": ""}
    for name, value in outdated.items():
        setattr(number, name, value)
    return set(outdated)
