"""Sending messages and marking them read (Cloud API, "Messages")."""

from whatsapp.simulator.graph import envelope
from whatsapp.simulator.graph.errors import GraphError, missing
from whatsapp.simulator.graph.faults import Answer
from whatsapp.simulator.graph.phone_numbers import PhoneNumber
from whatsapp.simulator.http import Json, Request
from whatsapp.simulator.state import Simulator

from .nodes import find_number

#: How long the customer sees that the business types; seconds.
TYPING_DURATION = 25


def post_messages(simulator: Simulator, request: Request, phone_number_id: str) -> Answer:
    number = find_number(simulator, request, phone_number_id)
    if request.json.get("status") == "read":
        return _mark_read(simulator, request.json)
    fault = simulator.faults.next_send(_recipient(request.json))

    def accept(failure: GraphError | None = None) -> Json:
        return _accept(simulator, number, request.json, failure)

    return fault(accept) if fault else accept()


def _recipient(body: Json) -> str:
    return str(body.get("to") or body.get("recipient") or "").lstrip("+")


def _mark_read(simulator: Simulator, body: Json) -> Json:
    if not body.get("message_id"):
        raise missing("message_id")
    simulator.mark_read(body["message_id"], TYPING_DURATION if body.get("typing_indicator") else 0)
    return {"success": True}


def _accept(simulator: Simulator, number: PhoneNumber, body: Json, failure: GraphError | None) -> Json:
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
    accepted = {"id": message.wamid}
    if message.content["type"] == "template":
        accepted["message_status"] = "accepted"
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": body.get("to") or body["recipient"], **identity}],
        "messages": [accepted],
    }
