"""The calls of Graph that the product makes, and those about messages, media and templates."""

import time
from dataclasses import dataclass

from whatsapp.simulator import media

from . import accounts, envelope, tokens
from .errors import GraphError, InvalidToken, NoSuchObject, missing
from .nodes import account_numbers, number_of, page, pick

TYPING_SECONDS = 25
TEMPLATE_FIELDS = ("name", "parameter_format", "components", "language", "status", "category", "id")


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
    if edge is None and node in OWN_EDGES:
        node, edge = "", node
    fault = simulator.faults.next_call_answer(request.method, edge, node)

    def accept():
        return _accept_call(simulator, request, node, edge)

    result = fault(accept) if fault else accept()
    return result if isinstance(result, tuple) else (200, result)


def _accept_call(simulator, request, node, edge):
    if edge != "access_token" and not simulator.knows_token(request.token):
        raise InvalidToken(is_expired=simulator.token(request.token).is_expired)
    endpoint = ENDPOINTS.get((request.method, edge))
    if endpoint is None:
        raise NoSuchObject(request.method, node)
    return endpoint(simulator, request, node)


def post_messages(simulator, request, phone_number_id):
    number = number_of(simulator, request, phone_number_id)
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
    number_of(simulator, request, phone_number_id)
    fault = simulator.faults.next_upload_answer()

    def accept(failure=None):
        return {"id": simulator.add_media(*media.posted_file(request)).id}

    return fault(accept) if fault else accept()


def get_media(simulator, request, media_id):
    if "phone_number_id" in request.query:
        number_of(simulator, request, request.query["phone_number_id"])
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
    if node not in simulator.numbers and (simulator.is_account(node) or accounts.is_asked_for(request)):
        return accounts.get_account(simulator, request, node)
    number = number_of(simulator, request, node)
    return pick(number.as_node(), request, accounts.NUMBER_FIELDS)


def get_message_templates(simulator, request, waba_id):
    account_numbers(simulator, request, waba_id)
    templates = [
        template
        for template in simulator.templates(waba_id)
        if all(request.query.get(key, template[key]) == template[key] for key in ("name", "status"))
    ]
    return page(request, [pick(template, request, TEMPLATE_FIELDS) for template in templates])


def post_message_templates(simulator, request, waba_id):
    number = next(iter(account_numbers(simulator, request, waba_id)), None)
    if number is None:
        raise NoSuchObject(request.method, waba_id)
    try:
        template = simulator.create_template(number, request.json)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise GraphError(100, "Invalid parameter", f"The template has an unexpected shape: {error}") from error
    return {key: template[key] for key in ("id", "status", "category")}


def delete_message_templates(simulator, request, waba_id):
    account_numbers(simulator, request, waba_id)
    if not request.query.get("name"):
        raise missing("name")
    simulator.delete_templates(waba_id, request.query["name"], request.query.get("hsm_id", ""))
    return {"success": True}


def post_uploads(simulator, request, app_id):
    return simulator.uploads.begin(request.query)


def post_node(simulator, request, node):
    """The bytes of a file for which a session of uploading was begun."""
    if not node.startswith("upload:"):
        raise NoSuchObject(request.method, node)
    return simulator.uploads.finish(node, request.body)


#: Edges of no node.
OWN_EDGES = {"debug_token"}

ENDPOINTS = {
    ("POST", "messages"): post_messages,
    ("POST", "media"): post_media,
    ("DELETE", None): delete_media,
    ("GET", None): get_node,
    ("GET", "message_templates"): get_message_templates,
    ("POST", "message_templates"): post_message_templates,
    ("DELETE", "message_templates"): delete_message_templates,
    ("POST", "uploads"): post_uploads,
    ("POST", None): post_node,
    ("GET", "phone_numbers"): accounts.get_phone_numbers,
    ("POST", "register"): accounts.post_register,
    ("GET", "whatsapp_business_profile"): accounts.get_profile,
    ("POST", "whatsapp_business_profile"): accounts.post_profile,
    ("GET", "subscribed_apps"): accounts.get_subscribed_apps,
    ("POST", "subscribed_apps"): accounts.post_subscribed_apps,
    ("DELETE", "subscribed_apps"): accounts.delete_subscribed_apps,
    ("GET", "debug_token"): tokens.get_debug_token,
    ("GET", "access_token"): tokens.get_access_token,
}
