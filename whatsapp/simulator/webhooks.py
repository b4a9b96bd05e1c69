"""Webhooks as Meta writes and signs them (Cloud API, "Webhooks")."""

import hashlib
import hmac
import json
import time

SIGNATURE_HEADER = "X-Hub-Signature-256"


def message_change(number, customer, message, context_wamid=""):
    """The change that tells of one message of a customer; `message` has id, type and the object of that type."""
    element = {**customer.as_sender(), "timestamp": str(int(time.time())), **message}
    if context_wamid:
        element["context"] = {"from": number.phone.lstrip("+"), "id": context_wamid}
    return _change(number, contacts=[customer.as_contact()], messages=[element])


def status_change(number, customer, wamid, status, echo="", error=None):
    """The change that tells what became of a message of ours."""
    element = {"id": wamid, "status": status, "timestamp": str(int(time.time())), **customer.as_recipient()}
    if echo:
        element["biz_opaque_callback_data"] = echo
    if error:
        element["errors"] = [error.as_webhook_error()]
    if status == "sent":
        element["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "category": "service",
            "type": "free_customer_service",
        }
    return _change(number, statuses=[element])


def _change(number, **value):
    metadata = {"display_phone_number": number.phone.lstrip("+"), "phone_number_id": number.phone_number_id}
    return {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def body_of(entries):
    """
    The bytes of a POST with these (WABA id, change) pairs: compact, ASCII-escaped, slashes escaped, as Meta sends
    them. What is signed is these bytes, so parsing and writing them again would not verify.
    """
    payload = {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba_id, "changes": [change]} for waba_id, change in entries],
    }
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signed_headers(body, app_secret):
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", SIGNATURE_HEADER: f"sha256={signature}"}
