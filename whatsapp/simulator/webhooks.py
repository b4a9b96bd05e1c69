"""Webhooks as Meta writes and signs them (Cloud API, "Webhooks")."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from typing import Any

from .chats import ChatMessage, Customer
from .graph.errors import GraphError
from .graph.phone_numbers import PhoneNumber
from .http import Json

SIGNATURE_HEADER = "X-Hub-Signature-256"


def message_change(number: PhoneNumber, customer: Customer, message: Json, context_wamid: str = "") -> Json:
    """The change with one message of a customer; `message` has id, type and the object of that type."""
    element: Json = {**customer.as_sender(), "timestamp": str(int(time.time())), **message}
    if context_wamid:
        element["context"] = {"from": number.phone.lstrip("+"), "id": context_wamid}
    return _change(number, contacts=[customer.as_contact()], messages=[element])


def echo_change(number: PhoneNumber, customer: Customer, message: Json) -> Json:
    """The change with one message that the owner wrote on their own phone (Webhooks, "smb_message_echoes")."""
    people = {"from": number.phone.lstrip("+"), **customer.as_addressee()}
    element: Json = {**people, "timestamp": str(int(time.time())), **message}
    return _change(number, "smb_message_echoes", message_echoes=[element])


def call_change(number: PhoneNumber, customer: Customer, call: Json) -> Json:
    """The change with one event of a call by a customer; `call` has id and event (Calling API, "Webhooks")."""
    people = {**customer.as_sender(), "to": number.phone.lstrip("+")}
    element: Json = {**people, "timestamp": str(int(time.time())), "direction": "USER_INITIATED", **call}
    return _change(number, "calls", contacts=[customer.as_contact()], calls=[element])


def status_change(
    number: PhoneNumber,
    customer: Customer,
    message: ChatMessage,
    status: str,
    echo: str = "",
    error: GraphError | None = None,
) -> Json:
    """The change with one status of a message of the business; `echo` is its biz_opaque_callback_data."""
    element: Json = {
        "id": message.wamid,
        "status": status,
        "timestamp": str(int(time.time())),
        **customer.as_recipient(),
    }
    if echo:
        element["biz_opaque_callback_data"] = echo
    if error:
        element["errors"] = [error.as_webhook_error()]
    if status in ("sent", "delivered"):
        element["pricing"] = _pricing(message.category)
    return _change(number, statuses=[element])


def _pricing(category: str) -> Json:
    is_service = category == "service"
    return {
        "billable": not is_service,
        "pricing_model": "PMP",
        "category": category,
        "type": "free_customer_service" if is_service else "regular",
    }


def _change(number: PhoneNumber, field: str = "messages", **value: Any) -> Json:
    metadata = {"display_phone_number": number.phone.lstrip("+"), "phone_number_id": number.phone_number_id}
    return {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def body_of(entries: Iterable[tuple[str, Json]]) -> bytes:
    """
    The bytes of a POST with these (WABA id, change) pairs: compact, ASCII-escaped, slashes escaped, as Meta sends
    them. The signature is of these very bytes: JSON that was parsed and written again does not verify.
    """
    payload = {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba_id, "changes": [change]} for waba_id, change in entries],
    }
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signed_headers(body: bytes, app_secret: str) -> dict[str, str]:
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", SIGNATURE_HEADER: f"sha256={signature}"}
