"""The endpoints of Graph that the product calls (cloud API reference: Messages, Phone Numbers, Templates, WABA)."""

import base64
import secrets
import time
from dataclasses import dataclass

import requests

from . import envelope, media
from .graph_errors import GraphError, InvalidToken, NoSuchObject, missing, value_wrong

TYPING_SECONDS = 25
TEMPLATE_FIELDS = ("name", "parameter_format", "components", "language", "status", "category", "id")
NUMBER_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "id",
)


@dataclass(frozen=True)
class Call:
    """A recorded request of Graph and the status it was answered with."""

    at: float
    method: str
    path: str
    query: dict
    token: str
    json: dict
    status: int


def answer(simulator, request, node, edge):
    """(HTTP status, JSON or text) of a call; each is recorded, also when its connection is cut."""
    status = 0
    try:
        status, content = _carry_out(simulator, request, node, edge)
    except GraphError as error:
        status, content = error.http_status, error.as_json()
    finally:
        simulator.requests.append(
            Call(time.time(), request.method, request.path, request.query, request.token, request.json, status)
        )
    return status, content


def _carry_out(simulator, request, node, edge):
    if not simulator.knows_token(request.token):
        raise InvalidToken
    endpoint = ENDPOINTS.get((request.method, edge))
    if endpoint is None:
        raise NoSuchObject(request.method, node)
    result = endpoint(simulator, request, node)
    return result if isinstance(result, tuple) else (200, result)


def _number(simulator, request, phone_number_id):
    number = simulator.number(phone_number_id, request.token)
    if number is None:
        raise NoSuchObject(request.method, phone_number_id)
    return number


def _account_numbers(simulator, request, waba_id):
    numbers = simulator.numbers_of(waba_id, request.token)
    if not numbers and not simulator.is_account(waba_id):
        raise NoSuchObject(request.method, waba_id)
    return numbers


def post_messages(simulator, request, phone_number_id):
    number = _number(simulator, request, phone_number_id)
    if request.json.get("status") == "read":
        return _mark_read(simulator, request.json)
    fault = simulator.faults.next_answer(_recipient(request.json))

    def accept(failure=None):
        return _accept(simulator, number, request.json, failure)

    return fault(accept) if fault else accept()


def _recipient(body):
    return str(body.get("to") or body.get("recipient") or "").lstrip("+")


def _mark_read(simulator, body):
    if not body.get("message_id"):
        raise missing("message_id")
    simulator.mark_read(body["message_id"], TYPING_SECONDS if body.get("typing_indicator") else 0)
    return {"success": True}


def _accept(simulator, number, body, failure):
    if not number.registered:
        raise GraphError(133010, "Account not registered", "The number is not registered on Cloud API")
    try:
        envelope.check(body, simulator.templates(number.waba_id))
    except (AttributeError, KeyError, TypeError) as error:
        raise GraphError(100, "Invalid parameter", f"The message has an unexpected shape: {error}") from error
    if _recipient(body) == number.phone.lstrip("+"):
        raise GraphError(131021, "Recipient cannot be sender", "Recipient and sender are the same number")
    customer, message = simulator.accept(number, body, failure)
    identity = {"wa_id": customer.key} if customer.phone else {"user_id": customer.user_id}
    sent = {"id": message.wamid}
    if message.content["type"] == "template":
        sent["message_status"] = "accepted"
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": body.get("to") or body["recipient"], **identity}],
        "messages": [sent],
    }


def post_media(simulator, request, phone_number_id):
    _number(simulator, request, phone_number_id)
    fault = simulator.faults.next_upload_answer()

    def accept(failure=None):
        return {"id": simulator.add_media(*media.posted_file(request)).id}

    return fault(accept) if fault else accept()


def get_media(simulator, request, media_id):
    if "phone_number_id" in request.query:
        _number(simulator, request, request.query["phone_number_id"])
    if media_id not in simulator.media:
        raise NoSuchObject(request.method, media_id)
    return simulator.media[media_id].as_node(request.base_url)


def delete_media(simulator, request, media_id):
    if simulator.media.pop(media_id, None) is None:
        raise NoSuchObject(request.method, media_id)
    return {"success": True}


def get_node(simulator, request, node):
    if node in simulator.media or "phone_number_id" in request.query:
        return get_media(simulator, request, node)
    if simulator.is_account(node) and node not in simulator.numbers:
        _account_numbers(simulator, request, node)
        return {"id": node, "name": "Simulator", "currency": "USD", "timezone_id": "1"}
    number = _number(simulator, request, node)
    return _pick(number.as_node(), request, NUMBER_FIELDS)


def get_phone_numbers(simulator, request, waba_id):
    numbers = _account_numbers(simulator, request, waba_id)
    return _page(request, [_pick(number.as_node(), request, NUMBER_FIELDS) for number in numbers])


def get_message_templates(simulator, request, waba_id):
    _account_numbers(simulator, request, waba_id)
    templates = [
        template
        for template in simulator.templates(waba_id)
        if all(request.query.get(key, template[key]) == template[key] for key in ("name", "status"))
    ]
    return _page(request, [_pick(template, request, TEMPLATE_FIELDS) for template in templates])


def _pick(node, request, default):
    fields = request.query.get("fields", ",".join(default)).split(",")
    unknown = [name for name in fields if name not in node]
    if unknown:
        raise GraphError(100, f"Tried accessing nonexisting field ({unknown[0]}) on node")
    return {name: node[name] for name in dict.fromkeys([*fields, "id"])}


def _page(request, nodes):
    """Graph's cursor paging (Graph API, "Paginated Results")."""
    limit = int(request.query.get("limit", 25))
    start = _position(request.query["after"]) if request.query.get("after") else 0
    page = nodes[start : start + limit]
    if not page:
        return {"data": []}
    cursors = {"before": _cursor(start), "after": _cursor(start + len(page))}
    paging = {"cursors": cursors}
    if start + limit < len(nodes):
        kept = "".join(f"&{key}={value}" for key, value in request.query.items() if key not in ("after", "limit"))
        paging["next"] = f"{request.base_url}{request.path}?limit={limit}&after={cursors['after']}{kept}"
    return {"data": page, "paging": paging}


def _cursor(position):
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _position(cursor):
    try:
        return int(base64.urlsafe_b64decode(cursor + "=="))
    except ValueError as error:
        raise GraphError(131059, "Invalid cursor", "Begin again without a cursor") from error


def post_register(simulator, request, phone_number_id):
    number = _number(simulator, request, phone_number_id)
    pin = str(request.json.get("pin", ""))
    if not (pin.isdigit() and len(pin) == 6):
        raise value_wrong("pin must have 6 digits")
    number.registered = True
    return {"success": True}


def get_subscribed_apps(simulator, request, waba_id):
    _account_numbers(simulator, request, waba_id)
    if waba_id not in simulator.subscribed:
        return {"data": []}
    app = {"whatsapp_business_api_data": {"id": "400000000000001", "name": "Simulator", "link": request.base_url}}
    override = simulator.courier.callback_overrides.get(waba_id)
    return {"data": [{**app, "override_callback_uri": override} if override else app]}


def post_subscribed_apps(simulator, request, waba_id):
    _account_numbers(simulator, request, waba_id)
    callback = request.json.get("override_callback_uri", "")
    if callback:
        _shake_hands(callback, request.json.get("verify_token", ""))
    simulator.courier.callback_overrides[waba_id] = callback
    simulator.subscribed.add(waba_id)
    simulator.courier.wake()
    return {"success": True}


def _shake_hands(callback, verify_token):
    """Meta asks the callback before it uses it (Webhooks, "Verification requests")."""
    challenge = str(secrets.randbelow(10**10))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.get(callback, params=query, timeout=10, allow_redirects=False)
        except requests.RequestException as error:
            raise _callback_refused("no connection") from error
    if response.status_code != 200 or response.text != challenge:
        raise _callback_refused(f"HTTP Status Code = {response.status_code}")


def _callback_refused(reason):
    return GraphError(2200, f"Callback verification failed with the following errors: {reason}")


ENDPOINTS = {
    ("POST", "messages"): post_messages,
    ("POST", "media"): post_media,
    ("DELETE", None): delete_media,
    ("GET", None): get_node,
    ("GET", "phone_numbers"): get_phone_numbers,
    ("GET", "message_templates"): get_message_templates,
    ("GET", "subscribed_apps"): get_subscribed_apps,
    ("POST", "subscribed_apps"): post_subscribed_apps,
    ("POST", "register"): post_register,
}
