"""
What Meta confirms of a number: that its token may use the phone number ID, and that the WhatsApp Business account has
it. An ID that Meta has not confirmed is a claim: anybody can type one.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.error_codes import INVALID_PARAMETER, NO_SUCH_OBJECT, PERMISSION
from whatsapp.graph.errors import CloudApiError
from whatsapp.graph.paging import whole_list
from whatsapp.models import WhatsAppNumber
from whatsapp.models.number import TAKEN

from . import alerts

#: What Meta confirms of a number, and by which token.
CONFIRMED_FIELDS = ("access_token", "phone_number_id", "waba_id")


@dataclass(frozen=True)
class Membership:
    """Whether Meta lists a number in its account: confirmed when, or not, with Meta's words if it said any."""

    confirmed_at: datetime | None
    words: str = ""

    def alerts_after(self, known: object) -> alerts.Alerts:
        """A number's alerts, with one added or removed by what Meta says of its account."""
        if self.confirmed_at:
            return alerts.without(known, "waba_refused")
        words = f" (Meta: {self.words})" if self.words else ""
        return alerts.including(known, "waba_refused", timezone.now() + alerts.FINDING_RETENTION, what=words)


@dataclass(frozen=True)
class Listing:
    """The phone number IDs that Meta lists in an account to one token; none, with Meta's words, when it refuses to."""

    phone_number_ids: frozenset[str]
    words: str = ""

    def membership(self, phone_number_id: str) -> Membership:
        is_listed = phone_number_id in self.phone_number_ids
        return Membership(timezone.now() if is_listed else None, self.words)


def read_listing(api: AccountApi, waba_id: str) -> Listing:
    """
    Ask Meta which numbers an account has (Business Management API, "Phone numbers"); never inside a transaction.
    Raises CloudApiTrouble when Meta does not say.
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
    Another's mere claim does not stand in the way.
    """
    others = WhatsAppNumber.objects.filter(phone_number_id=number.phone_number_id).exclude(pk=number.pk)
    if others.filter(Q(business=number.business_id) | Q(confirmed_at__isnull=False)).exists():
        raise taken_error()


def taken_error() -> ValidationError:
    return ValidationError({"phone_number_id": TAKEN}, code="unique")


def _knows_no_such_object(error: CloudApiError) -> bool:
    return error.code == INVALID_PARAMETER or error.subcode == NO_SUCH_OBJECT


def is_outdated(asked: WhatsAppNumber, now: WhatsAppNumber) -> bool:
    """Whether somebody has changed what Meta was asked to confirm, so that its answer is about something else."""
    return any(getattr(now, name) != getattr(asked, name) for name in CONFIRMED_FIELDS)


def forget_outdated(number: WhatsAppNumber, changed: set[str]) -> set[str]:
    """
    Clear what is no longer known of a number of which these fields have changed. Returns the names of the cleared
    fields, which are to be saved too.
    """
    outdated: dict[str, object] = {}
    if "app_secret" in changed:
        outdated["alerts"] = alerts.without(number.alerts, "webhook_secret_missing")
    if changed & {"phone_number_id", "access_token"}:
        outdated["confirmed_at"] = None
    if changed & {"phone_number_id", "access_token", "waba_id"}:
        outdated["waba_confirmed_at"] = None
    if "waba_id" in changed:
        # What Meta reported about the previous account no longer concerns the number.
        outdated["alerts"] = {}
    if changed & {"phone_number_id", "app_secret"}:
        outdated |= {"webhooks_refused": 0, "webhooks_refused_at": None}
    if "phone_number_id" in changed:
        # The PIN is that of another number at Meta, which counts wrong ones.
        outdated |= {"last_event_at": None, "pin": ""}
    for name, value in outdated.items():
        setattr(number, name, value)
    return set(outdated)
