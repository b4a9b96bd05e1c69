"""Numbers, and webhooks as Meta posts them, for tests."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any
from unittest.mock import patch

from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from accounts.models import Business

from .models import MessageTemplate, WhatsAppNumber

#: A JSON object of Meta's.
Json = dict[str, Any]

_serial = count(1)

#: A picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63606060f80f00010401005f"
    "e5c34b0000000049454e44ae426082"
)

WEBHOOK_PATH = "/webhooks/whatsapp/"


def make_number(business: Business, **fields: Any) -> WhatsAppNumber:
    """A connected number with secrets of its own, which Meta has confirmed, and for which a webhook has just come."""
    serial, now = next(_serial), timezone.now()
    defaults = {
        "name": f"Number {serial}",
        "phone_number": f"+7495{serial:07}",
        "phone_number_id": f"1065{serial:011}",
        "waba_id": f"1022{serial:011}",
        "access_token": f"EAAtoken{serial}",
        "app_secret": f"app-secret-{serial}",
        "status": WhatsAppNumber.Status.CONNECTED,
        "confirmed_at": now,
        "waba_confirmed_at": now,
        "last_event_at": now,
    }
    return WhatsAppNumber.objects.create(business=business, **(defaults | fields))


def make_template(
    number: WhatsAppNumber,
    body: str = "Hello {{1}}, your order {{2}} is ready.",
    *components: Json,
    **fields: Any,
) -> MessageTemplate:
    """An approved template of a number's WhatsApp Business account, its body and its other components."""
    defaults = {
        "waba_id": number.waba_id,
        "name": f"template_{next(_serial)}",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": body}, *components],
    }
    return MessageTemplate.objects.create(business=number.business, **(defaults | fields))


@contextmanager
def answers_together() -> Iterator[None]:
    """Have all answers to the calls under way settled together, however slowly they come."""
    with patch("whatsapp.sending.delivery.CLAIM_INTERVAL", 30), patch("whatsapp.graph.pool.GATHER_INTERVAL", 30):
        yield


def sign(body: bytes, secret: str) -> str:
    """The X-Hub-Signature-256 header of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post_webhook(client: Client, payload: Json | bytes, secret: str) -> HttpResponseBase:
    """Post a payload (or its bytes) with the signature of a secret."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return client.post(
        WEBHOOK_PATH,
        data=body,
        content_type="application/json",
        headers={"X-Hub-Signature-256": sign(body, secret)},
    )


def new_wamid() -> str:
    return f"wamid.TEST{next(_serial):012}"


def payload_of(number: WhatsAppNumber, value: Json, field: str = "messages") -> Json:
    """A POST with one change of a number."""
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": number.waba_id, "changes": [{"field": field, "value": value}]}],
    }


def value_of(number: WhatsAppNumber, **elements: list[Json]) -> Json:
    """The value of a `messages` change: `messages=[…]`, `statuses=[…]`, `contacts=[…]`."""
    metadata = {"display_phone_number": number.phone_number.lstrip("+"), "phone_number_id": number.phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **elements}


def message_from(
    phone: str,
    type: str,
    content: Json | list[Json],
    wamid: str | None = None,
    timestamp: datetime | None = None,
    **fields: Any,
) -> Json:
    """An element of `messages[]`."""
    return {
        "from": phone.lstrip("+"),
        "id": wamid or new_wamid(),
        "timestamp": str(int((timestamp or timezone.now()).timestamp())),
        "type": type,
        type: content,
        **fields,
    }


def inbound(number: WhatsAppNumber, phone: str, *messages: Json, name: str = "Anna") -> Json:
    """A POST with messages of one person."""
    contact = {"profile": {"name": name}, "wa_id": phone.lstrip("+")}
    return payload_of(number, value_of(number, contacts=[contact], messages=list(messages)))


def inbound_text(
    number: WhatsAppNumber, phone: str, text: str, wamid: str | None = None, name: str = "Anna", **fields: Any
) -> Json:
    """A POST with one text message."""
    return inbound(number, phone, message_from(phone, "text", {"body": text}, wamid, **fields), name=name)


def echoes(number: WhatsAppNumber, phone: str, *messages: Json) -> Json:
    """A POST with messages that the owner wrote on their own phone; each is made by `message_from`."""
    people = {"from": number.phone_number.lstrip("+"), "to": phone.lstrip("+")}
    elements = [{**message, **people} for message in messages]
    return payload_of(number, value_of(number, message_echoes=elements), "smb_message_echoes")


def echo_of_text(number: WhatsAppNumber, phone: str, text: str, wamid: str | None = None, **fields: Any) -> Json:
    """A POST with one text that the owner wrote on their own phone."""
    return echoes(number, phone, message_from(phone, "text", {"body": text}, wamid, **fields))


def call_event(number: WhatsAppNumber, phone: str, event: str, wacid: str = "wacid.1", **fields: Any) -> Json:
    """A POST with one event of a call by a customer: "connect" or "terminate"."""
    element = {
        "id": wacid,
        "from": phone.lstrip("+"),
        "to": number.phone_number.lstrip("+"),
        "event": event,
        "direction": "USER_INITIATED",
        "timestamp": str(int(timezone.now().timestamp())),
        **fields,
    }
    contact = {"profile": {"name": "Anna"}, "wa_id": phone.lstrip("+")}
    return payload_of(number, value_of(number, contacts=[contact], calls=[element]), "calls")


def status_element(
    wamid: str,
    status: str,
    token: str | None = None,
    timestamp: datetime | None = None,
    error: tuple[int, str] | None = None,
) -> Json:
    """An element of `statuses[]`; `error` is (code, title)."""
    element: Json = {
        "id": wamid,
        "status": status,
        "timestamp": str(int((timestamp or timezone.now()).timestamp())),
        "recipient_id": "79161234567",
    }
    if token:
        element["biz_opaque_callback_data"] = token
    if error:
        element["errors"] = [{"code": error[0], "title": error[1]}]
    return element


def status_update(number: WhatsAppNumber, wamid: str, status: str, **fields: Any) -> Json:
    """A POST with one status; `fields` are those of `status_element`."""
    return payload_of(number, value_of(number, statuses=[status_element(wamid, status, **fields)]))
