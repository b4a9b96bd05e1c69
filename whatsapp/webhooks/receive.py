"""
Receives Meta's webhooks: verified, stored as one event per change, answered, processed later.

A POST is read, the numbers that it names are loaded, it is decided which of its changes are whose, and that is written
down. A secret is proof for the numbers it belongs to and for no others, since a business can sign with its own app's
secret whatever it likes. The installation's secret is that of many businesses: it speaks for a number once Meta has
confirmed its phone number ID. What is of an account is for the numbers that Meta lists there. Either ID can be typed
by anybody. The ids in a body are read before the signature is checked, only to know which secrets to try.
"""

import hmac
import logging
import re
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DataError, IntegrityError
from django.db.models import Q

from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.secrets.encryption import UnreadableSecret

from . import arrivals, dashboard_test
from .safe_json import safe_loads
from .signature import is_signed
from .tasks import process_events

logger = logging.getLogger(__name__)

#: A POST holds up to 1000 updates (Webhooks, "Batching"), so no more numbers than that.
MAX_IDS = 1000

MAX_FIELD_LENGTH = 60

#: What is read of the numbers that a body names.
NUMBER_FIELDS = (
    "business",
    "phone_number",
    "phone_number_id",
    "confirmed_at",
    "waba_id",
    "waba_confirmed_at",
    "app_secret",
    "status",
    "last_event_at",
    "webhooks_refused_at",
)

#: What the database says of a row that it will never take.
REJECTIONS = (DataError, IntegrityError, ValueError)


class NotSigned(Exception):
    """No secret that the body may be signed with was used."""


class NotReady(Exception):
    """Whose a change is cannot be said now, so Meta is to post it again."""


@dataclass(frozen=True)
class PostedChange:
    """One change of a POST, with the WhatsApp Business account whose entry it is in (Webhooks, "Payload")."""

    waba_id: str
    field: str
    value: object

    @property
    def phone_number_id(self) -> str:
        return self._value_at("metadata", "phone_number_id")

    @property
    def display_phone_number(self) -> str:
        return re.sub(r"\D", "", self._value_at("display_phone_number"))

    def _value_at(self, *path: str) -> str:
        value = self.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return str(value) if isinstance(value, str | int) else ""


@dataclass(frozen=True)
class Secrets:
    """
    The secret of each number that a body names, and the installation's. `unreadable` are numbers whose secret cannot
    be decrypted; `unconfirmed` those that would have the installation's, but whose phone number ID Meta has not
    confirmed.
    """

    of_installation: str
    of_numbers: dict[WhatsAppNumber, str]
    unreadable: list[WhatsAppNumber]
    unconfirmed: list[WhatsAppNumber]

    def that_signed(self, body: bytes, signature: str) -> str | None:
        """The secret with which a body is signed, or None."""
        secrets = dict.fromkeys([*self.of_numbers.values(), self.of_installation])
        return next((secret for secret in secrets if secret and is_signed(body, signature, secret)), None)


@dataclass(frozen=True)
class Decision:
    """
    What is to be done with a POST. `accepted` pairs each change that is proved with each number it is for. The others
    are `dropped`: they are for numbers with other secrets (`refused`), with a secret that cannot be read
    (`unreadable`), or whose ID Meta has yet to confirm (`awaiting`), or for none that is here.
    """

    is_signed: bool
    accepted: list[tuple[PostedChange, WhatsAppNumber]]
    dropped: list[PostedChange]
    refused: set[WhatsAppNumber]
    unreadable: set[WhatsAppNumber]
    awaiting: set[WhatsAppNumber]


def receive(body: bytes, signature: str) -> None:
    """
    Store the changes of a POST that concern numbers of ours; none of a sample that Meta's dashboard posts. Raises
    NotSigned; NotReady when Meta is to post it again, since it may be for a number whose app secret cannot be read, or
    whose ID Meta was not asked about yet.
    """
    changes = read_changes(body)
    ids = [(change.waba_id, change.phone_number_id) for change in changes]
    if dashboard_test.is_sample(body, ids) and dashboard_test.is_signed_by_a_number(body, signature):
        return
    secrets = secrets_of(_numbers_named(changes))
    decision = _decide(changes, secrets, secrets.that_signed(body, signature))
    _store(decision.accepted)
    if decision.refused:
        arrivals.note_refused(decision.refused)
    _check(decision)
    if decision.dropped:
        logger.warning(
            "Dropped %d of %d changes: not of a number with this app secret.", len(decision.dropped), len(changes)
        )


# --- Load ----------------------------------------------------------------------------------------------------


def read_changes(body: bytes) -> list[PostedChange]:
    """The changes in a body, as far as they can be made out. One that has no value has an empty one."""
    try:
        payload = safe_loads(body)
    except ValueError:
        return []
    return [
        PostedChange(str(entry.get("id", "")), str(change.get("field", ""))[:MAX_FIELD_LENGTH], _value_of(change))
        for entry in _objects(payload.get("entry") if isinstance(payload, dict) else None)
        for change in _objects(entry.get("changes"))
    ]


def _value_of(change: dict[str, Any]) -> object:
    value = change.get("value")
    return {} if value is None else value


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _numbers_named(changes: list[PostedChange]) -> list[WhatsAppNumber]:
    """The numbers that changes name, and those of the WhatsApp Business accounts they name."""
    phone_number_ids = {change.phone_number_id for change in changes if change.phone_number_id}
    waba_ids = {change.waba_id for change in changes if change.waba_id}
    if not phone_number_ids and not waba_ids:
        return []
    return numbers_with(phone_number_ids, waba_ids)


def numbers_with(phone_number_ids: Set[str], waba_ids: Set[str] = frozenset()) -> list[WhatsAppNumber]:
    """The numbers with these IDs, and those of the WhatsApp Business accounts with these."""
    named = Q(phone_number_id__in=sorted(phone_number_ids)[:MAX_IDS]) | Q(waba_id__in=sorted(waba_ids)[:MAX_IDS])
    return list(WhatsAppNumber.objects.filter(named).only(*NUMBER_FIELDS).order_by("pk"))


def secrets_of(numbers: list[WhatsAppNumber]) -> Secrets:
    """Of each number its own app secret, or the installation's if Meta has confirmed the number."""
    secrets = Secrets(settings.META_APP_SECRET, {}, [], [])
    for number in numbers:
        try:
            own = number.app_secret
        except UnreadableSecret:
            secrets.unreadable.append(number)
            continue
        if own or number.confirmed_at:
            secrets.of_numbers[number] = own or secrets.of_installation
        else:
            secrets.unconfirmed.append(number)
    return secrets


# --- Decide --------------------------------------------------------------------------------------------------


def _decide(changes: list[PostedChange], secrets: Secrets, secret: str | None) -> Decision:
    """Which changes are whose, when the body is signed with `secret`; with None it is signed with none we know."""
    trusted = [number for number, theirs in secrets.of_numbers.items() if secret and theirs == secret]
    accepted = [(change, number) for change in changes for number in _targets(change, trusted)]
    dropped = [change for change in changes if not _targets(change, trusted)]
    # A refusal noted on a number that is merely claimed would give away that another's number is in use.
    others = [number for number in secrets.of_numbers if number.confirmed_at and number not in trusted]
    may_be_confirmed = bool(secret) and secret == secrets.of_installation
    awaiting = [number for number in secrets.unconfirmed if may_be_confirmed and number.awaits_confirmation]
    return Decision(
        is_signed=secret is not None,
        accepted=accepted,
        dropped=dropped,
        refused=_concerned(dropped, others),
        unreadable=_concerned(dropped, secrets.unreadable),
        awaiting=_concerned([change for change in dropped if change.phone_number_id], awaiting),
    )


def _targets(change: PostedChange, numbers: list[WhatsAppNumber]) -> list[WhatsAppNumber]:
    """Those of some numbers that a change is for: what is of an account, for one number of each business."""
    if change.phone_number_id:
        return [number for number in numbers if number.phone_number_id == change.phone_number_id]
    if change.field == "messages":
        return []
    of_waba = [number for number in numbers if number.waba_confirmed_at and number.waba_id == change.waba_id]
    if change.display_phone_number:
        return [number for number in of_waba if number.phone_number.lstrip("+") == change.display_phone_number]
    return list({number.business_id: number for number in reversed(of_waba)}.values())


def _concerned(changes: list[PostedChange], numbers: list[WhatsAppNumber]) -> set[WhatsAppNumber]:
    return {number for change in changes for number in _targets(change, numbers)}


# --- Write ---------------------------------------------------------------------------------------------------


def _store(accepted: list[tuple[PostedChange, WhatsAppNumber]]) -> None:
    events = _insert([_event(change, number) for change, number in accepted])
    if events:
        process_events.delay_on_commit([event.pk for event in events])  # type: ignore[attr-defined]
        arrivals.note_received({event.whatsapp_number for event in events})


def _event(change: PostedChange, number: WhatsAppNumber) -> WebhookEvent:
    return WebhookEvent(business_id=number.business_id, whatsapp_number=number, field=change.field, value=change.value)


def _insert(events: list[WebhookEvent]) -> list[WebhookEvent]:
    """The events that the database took: all at once, or else each by itself, so that one costs no other."""
    try:
        return WebhookEvent.objects.bulk_create(events)
    except REJECTIONS:
        logger.exception("%d webhook events could not be stored together.", len(events))
    return [event for event in events if _insert_alone(event)]


def _insert_alone(event: WebhookEvent) -> bool:
    try:
        event.pk = None
        event.save(force_insert=True)
    except REJECTIONS:
        number, field = event.whatsapp_number_id, event.field
        logger.exception("A change of number %s (%s) could not be stored, and is skipped.", number, field)
        return False
    return True


def _check(decision: Decision) -> None:
    """Raise what Meta is to be answered when something was dropped that may be wanted, or that nobody signed."""
    if decision.unreadable:
        raise NotReady(f"The app secrets of {len(decision.unreadable)} numbers cannot be read with FIELD_KEYS.")
    if decision.awaiting:
        health.check_soon(WhatsAppNumber.objects.filter(pk__in=[number.pk for number in decision.awaiting]))
        raise NotReady(f"Meta was not asked yet about the phone number IDs of {len(decision.awaiting)} numbers.")
    if not decision.is_signed:
        raise NotSigned


def is_verify_token(token: str) -> bool:
    """Whether Meta's handshake shows the installation's verify token or a number's own."""
    if not token or not token.isprintable():
        return False
    of_installation: str = settings.META_VERIFY_TOKEN
    if of_installation and hmac.compare_digest(of_installation.encode(), token.encode("utf-8", "replace")):
        return True
    return WhatsAppNumber.objects.filter(verify_token=token).exists()
