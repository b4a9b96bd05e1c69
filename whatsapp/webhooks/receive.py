"""
Receives Meta's webhooks: verified, stored as one event per change, answered, processed later.

A secret is proof for the numbers it belongs to and for no others, since a business can sign with its own app's secret
whatever it likes. The installation's secret is that of many businesses: it speaks for a number once Meta has confirmed
its phone number ID. Of an account only the numbers are told that Meta lists there. Either ID can be typed by anybody.
The ids in a body are read before the signature is checked, only to know which secrets to try.
"""

import hmac
import logging
import re
from dataclasses import dataclass

from django.conf import settings
from django.db import DataError, IntegrityError
from django.db.models import Q
from kombu.exceptions import OperationalError as BrokerError

from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.secrets.encryption import UnreadableSecret

from . import reception
from .safe_json import safe_loads
from .tasks import process_events

logger = logging.getLogger(__name__)

#: A POST holds up to 1000 updates (Webhooks, "Batching"), so no more numbers than that.
MOST_IDS = 1000

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
NOT_TAKEN = (DataError, IntegrityError, ValueError)

#: The fields to subscribe to at Meta: what is done with each is in webhook_parsing, template_updates, account_updates.
FIELDS = (
    "messages",
    "user_preferences",
    "message_template_status_update",
    "message_template_components_update",
    "message_template_quality_update",
    "template_category_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "business_capability_update",
    "account_update",
    "account_review_update",
    "account_alerts",
    "security",
)


class NotSigned(Exception):
    """No secret that the body may be signed with was used."""


class NotReadyYet(Exception):
    """Whose a change is cannot be told now, so Meta is to post it again."""


@dataclass(frozen=True)
class Secrets:
    """
    The secret of each number that a body names. `unreadable` are numbers whose secret cannot be decrypted; `claimed`
    those that would have the installation's, but whose phone number ID Meta has not confirmed.
    """

    of_numbers: dict[WhatsAppNumber, str]
    unreadable: list[WhatsAppNumber]
    claimed: list[WhatsAppNumber]

    def numbers_with(self, secret: str | None) -> list[WhatsAppNumber]:
        return [number for number, theirs in self.of_numbers.items() if secret and theirs == secret]


@dataclass(frozen=True)
class PostedChange:
    """One change of a POST, with the WhatsApp Business account whose entry it is in."""

    waba_id: str
    field: str
    value: object

    @property
    def phone_number_id(self):
        return self._value_at("metadata", "phone_number_id")

    @property
    def display_phone_number(self):
        return re.sub(r"\D", "", self._value_at("display_phone_number"))

    def _value_at(self, *path):
        value = self.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return str(value) if isinstance(value, str | int) else ""


def receive(body: bytes, signature: str) -> None:
    """
    Store the changes of a POST that concern numbers of ours. Raises NotSigned; NotReadyYet when Meta is to post it
    again, since it may be for a number whose app secret cannot be read, or whose ID Meta was not asked about yet.
    """
    changes = read_changes(body)
    secrets = secrets_of(numbers_named(changes))
    secret = verifying_secret(body, signature, secrets.of_numbers.values())
    trusted = secrets.numbers_with(secret)
    _store([event for change in changes for event in events_of(change, trusted)])
    dropped = [change for change in changes if not targets(change, trusted)]
    _note_refused(dropped, secrets, trusted)
    _check_ready(dropped, secrets, secret)
    if secret is None:
        raise NotSigned
    if dropped:
        logger.warning("Dropped %d of %d changes: not of a number with this app secret.", len(dropped), len(changes))


def _store(events: list[WebhookEvent]) -> None:
    stored = _inserted(events)
    process_soon(stored)
    reception.note_received({event.whatsapp_number for event in stored})


def _inserted(events: list[WebhookEvent]) -> list[WebhookEvent]:
    """The events that the database took: all at once, or else each by itself, so that one costs no other."""
    try:
        return WebhookEvent.objects.bulk_create(events)
    except NOT_TAKEN:
        logger.exception("%d webhook events could not be stored together.", len(events))
    return [event for event in events if _insert(event)]


def _insert(event: WebhookEvent) -> bool:
    try:
        event.pk = None
        event.save(force_insert=True)
    except NOT_TAKEN:
        number, field = event.whatsapp_number_id, event.field
        logger.exception("A change of number %s (%s) could not be stored, and is skipped.", number, field)
        return False
    return True


def _note_refused(dropped: list[PostedChange], secrets: Secrets, trusted: list[WhatsAppNumber]) -> None:
    """Of a number that is merely claimed nothing is said: it would tell somebody that another's number is in use."""
    others = [number for number in secrets.of_numbers if number.confirmed_at and number not in trusted]
    reception.note_refused({number for change in dropped for number in targets(change, others)})


def _check_ready(dropped: list[PostedChange], secrets: Secrets, secret: str | None) -> None:
    if any(targets(change, secrets.unreadable) for change in dropped):
        raise NotReadyYet(f"The app secrets of {len(secrets.unreadable)} numbers cannot be read with FIELD_KEYS.")
    if not secret or secret != settings.META_APP_SECRET:
        return
    awaiting = [number for number in secrets.claimed if number.awaits_confirmation]
    if named := [number.pk for change in dropped for number in targets(change, awaiting) if change.phone_number_id]:
        health.check_soon(WhatsAppNumber.objects.filter(pk__in=named))
        raise NotReadyYet(f"Meta was not asked yet about the phone number IDs of {len(named)} numbers.")


def read_changes(body: bytes) -> list[PostedChange]:
    """The changes in a body, as far as they can be made out. One that has no value has an empty one."""
    try:
        payload = safe_loads(body)
    except ValueError:
        return []
    entries = _objects(payload.get("entry") if isinstance(payload, dict) else None)
    return [
        PostedChange(str(entry.get("id", "")), str(change.get("field", ""))[:MAX_FIELD_LENGTH], _value_of(change))
        for entry in entries
        for change in _objects(entry.get("changes"))
    ]


def _value_of(change: dict[str, object]) -> object:
    value = change.get("value")
    return {} if value is None else value


def _objects(value):
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def numbers_named(changes):
    """The numbers that changes name, and those of the WhatsApp Business accounts they name."""
    phone_number_ids = {change.phone_number_id for change in changes if change.phone_number_id}
    waba_ids = {change.waba_id for change in changes if change.waba_id}
    if not phone_number_ids and not waba_ids:
        return []
    named = Q(phone_number_id__in=sorted(phone_number_ids)[:MOST_IDS]) | Q(waba_id__in=sorted(waba_ids)[:MOST_IDS])
    return list(WhatsAppNumber.objects.filter(named).only(*NUMBER_FIELDS).order_by("pk"))


def secrets_of(numbers: list[WhatsAppNumber]) -> Secrets:
    """Of each number its own app secret, or the installation's if Meta has confirmed the number."""
    secrets = Secrets({}, [], [])
    for number in numbers:
        try:
            own = number.app_secret
        except UnreadableSecret:
            secrets.unreadable.append(number)
            continue
        if own or number.confirmed_at:
            secrets.of_numbers[number] = own or settings.META_APP_SECRET
        else:
            secrets.claimed.append(number)
    return secrets


def verifying_secret(body, signature, secrets):
    """The secret with which a body is signed, of the numbers' and the installation's own; or None."""
    secrets = dict.fromkeys([*secrets, settings.META_APP_SECRET])
    return next((secret for secret in secrets if secret and is_signed(body, signature, secret)), None)


def is_signed(body, signature, secret):
    """Compared as bytes and in constant time (Webhooks, "Validating payloads")."""
    expected = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def events_of(change, trusted):
    return [
        WebhookEvent(business_id=number.business_id, whatsapp_number=number, field=change.field, value=change.value)
        for number in targets(change, trusted)
    ]


def targets(change: PostedChange, trusted: list[WhatsAppNumber]) -> list[WhatsAppNumber]:
    """The numbers a change is for, of those that its signature speaks for: what is of an account, one per business."""
    if change.phone_number_id:
        return [number for number in trusted if number.phone_number_id == change.phone_number_id]
    if change.field == "messages":
        return []
    of_waba = [number for number in trusted if number.waba_confirmed_at and number.waba_id == change.waba_id]
    if change.display_phone_number:
        return [number for number in of_waba if number.phone_number.lstrip("+") == change.display_phone_number]
    return list({number.business_id: number for number in reversed(of_waba)}.values())


def process_soon(events):
    """Have events processed. Without the broker, the tick finds them."""
    ids = [event.pk for event in events if event.pk]
    if not ids:
        return
    try:
        process_events.delay_on_commit(ids)
    except BrokerError:
        logger.exception("The broker is out of reach; %d webhook events wait for the tick.", len(ids))


def knows_verify_token(token):
    """Whether Meta's handshake shows the installation's verify token or a number's own."""
    if not token or not token.isprintable():
        return False
    known = settings.META_VERIFY_TOKEN
    if known and hmac.compare_digest(known.encode(), token.encode("utf-8", "replace")):
        return True
    return WhatsAppNumber.objects.filter(verify_token=token).exists()
