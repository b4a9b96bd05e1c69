"""A call of Graph: which endpoint takes it, what a fault makes of it, and the record of it."""

import time
from collections.abc import Callable

from whatsapp.simulator.graph.errors import GraphError, InvalidToken, NoSuchObject
from whatsapp.simulator.graph.faults import Answer
from whatsapp.simulator.http import Json, Request, Response
from whatsapp.simulator.state import Call, Simulator

from . import accounts, media, messages, phone_numbers, templates, tokens


def respond(simulator: Simulator, request: Request, node: str, edge: str | None) -> Response:
    """Answer a call and record it, also when its connection is cut."""
    status = 0
    try:
        status, content = _answer(simulator, request, node, edge)
    except GraphError as error:
        status, content = error.http_status, error.as_json()
    finally:
        call = Call(time.time(), request.method, request.path, request.query, request.token, request.json, status)
        simulator.calls.append(call)
    return Response.html(content, status) if isinstance(content, str) else Response.json(content, status)


def _answer(simulator: Simulator, request: Request, node: str, edge: str | None) -> tuple[int, Json | str]:
    if edge is None and node in NODELESS_EDGES:
        node, edge = "", node
    fault = simulator.faults.next_call(request.method, edge, node)

    def accept(failure: GraphError | None = None) -> Answer:
        return _accept(simulator, request, node, edge)

    answer = fault(accept) if fault else accept()
    return answer if isinstance(answer, tuple) else (200, answer)


def _accept(simulator: Simulator, request: Request, node: str, edge: str | None) -> Answer:
    if edge != "access_token" and not simulator.directory.knows_token(request.token):
        raise InvalidToken(is_expired=simulator.directory.token(request.token).is_expired)
    endpoint = ENDPOINTS.get((request.method, edge))
    if endpoint is None:
        raise NoSuchObject(request.method, node)
    return endpoint(simulator, request, node)


def _get_node(simulator: Simulator, request: Request, node: str) -> Json:
    """A file, an account or a number: what kind of node it is, Graph knows by its id."""
    if node in simulator.media or "phone_number_id" in request.query:
        return media.get_media(simulator, request, node)
    is_account = simulator.directory.is_account(node) or accounts.is_asked_for(request)
    if is_account and node not in simulator.directory.numbers:
        return accounts.get_account(simulator, request, node)
    return phone_numbers.get_phone_number(simulator, request, node)


#: Takes the id of the node as its last argument; empty for the edges of no node.
Endpoint = Callable[[Simulator, Request, str], Answer]

#: By method and edge. The edge of a node itself is None.
ENDPOINTS: dict[tuple[str, str | None], Endpoint] = {
    ("GET", None): _get_node,
    ("POST", "messages"): messages.post_messages,
    ("POST", "media"): media.post_media,
    ("DELETE", None): media.delete_media,
    ("GET", "message_templates"): templates.get_message_templates,
    ("POST", "message_templates"): templates.post_message_templates,
    ("DELETE", "message_templates"): templates.delete_message_templates,
    ("POST", "uploads"): templates.post_uploads,
    ("POST", None): templates.post_upload,
    ("GET", "phone_numbers"): accounts.get_phone_numbers,
    ("GET", "subscribed_apps"): accounts.get_subscribed_apps,
    ("POST", "subscribed_apps"): accounts.post_subscribed_apps,
    ("DELETE", "subscribed_apps"): accounts.delete_subscribed_apps,
    ("POST", "register"): phone_numbers.post_register,
    ("GET", "whatsapp_business_profile"): phone_numbers.get_profile,
    ("POST", "whatsapp_business_profile"): phone_numbers.post_profile,
    ("GET", "debug_token"): tokens.get_debug_token,
    ("GET", "access_token"): tokens.get_access_token,
}

#: Edges of no node.
NODELESS_EDGES = {"debug_token"}
