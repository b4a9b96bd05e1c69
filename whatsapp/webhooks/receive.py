"""
Receives Meta's webhooks: verified, stored as one event per change, answered, processed later.

A secret is proof for the numbers it belongs to and for no others, since a business can sign with its own app's secret
whatever it likes. The ids in a body are read before the signature is checked, only to know which secrets to try.
"""

import hmac
import logging
import re
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from kombu.exceptions import OperationalError as BrokerError

from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from .safe_json import safe_loads
from .tasks import process_events

logger = logging.getLogger(__name__)

#: A POST holds up to 1000 updates (Webhooks, "Batching"), so no more numbers than that.
MOST_IDS = 1000


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


def receive(body, signature):
    """
    Store the changes of a POST that concern numbers of ours. Raises NotSigned; UnreadableSecret when Meta is to post
    it again, since it may be for a number whose app secret cannot be read.
    """
    changes = read_changes(body)
    secrets, unreadable = secrets_of(numbers_named(changes))
    secret = verifying_secret(body, signature, secrets.values())
    if secret is None and not unreadable:
        raise NotSigned
    trusted = [number for number, theirs in secrets.items() if theirs == secret]
    events = [event for change in changes for event in events_of(change, trusted)]
    process_soon(WebhookEvent.objects.bulk_create(events))
    waiting = sum(bool(targets(change, unreadable)) for change in changes)
    if waiting:
        raise UnreadableSecret(f"The app secrets of {len(unreadable)} numbers cannot be read with FIELD_KEYS.")
    if secret is None:
        raise NotSigned
    dropped = sum(not targets(change, trusted) for change in changes)
    if dropped:
        logger.warning("Dropped %d of %d changes: not of a number with this app secret.", dropped, len(changes))


def read_changes(body):
    """The changes in a body, as far as they can be made out."""
    try:
        payload = safe_loads(body)
    except ValueError:
        return []
    entries = _objects(payload.get("entry") if isinstance(payload, dict) else None)
    return [
        PostedChange(str(entry.get("id", "")), str(change.get("field", ""))[:60], change.get("value"))
        for entry in entries
        for change in _objects(entry.get("changes"))
    ]


def _objects(value):
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def numbers_named(changes):
    """The numbers that changes name, and those of the WhatsApp Business accounts they name."""
    phone_number_ids = {change.phone_number_id for change in changes if change.phone_number_id}
    waba_ids = {change.waba_id for change in changes if change.waba_id}
    if not phone_number_ids and not waba_ids:
        return []
    named = Q(phone_number_id__in=sorted(phone_number_ids)[:MOST_IDS]) | Q(waba_id__in=sorted(waba_ids)[:MOST_IDS])
    fields = ("business", "phone_number", "phone_number_id", "waba_id", "app_secret")
    return list(WhatsAppNumber.objects.filter(named).only(*fields).order_by("pk"))


def secrets_of(numbers):
    """Number → its app secret, or the installation's own; and the numbers whose secret cannot be read."""
    secrets, unreadable = {}, []
    for number in numbers:
        try:
            secrets[number] = number.app_secret or settings.META_APP_SECRET
        except UnreadableSecret:
            unreadable.append(number)
    return secrets, unreadable


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


def targets(change, trusted):
    """The numbers a change is for, of those that its signature speaks for."""
    if change.phone_number_id:
        return [number for number in trusted if number.phone_number_id == change.phone_number_id]
    if change.field == "messages":
        return []
    of_waba = [number for number in trusted if number.waba_id == change.waba_id]
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
