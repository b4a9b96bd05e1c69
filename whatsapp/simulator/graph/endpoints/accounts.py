"""WhatsApp Business accounts: what they are, their numbers, the apps that hear of them (Business management API)."""

import secrets

import requests

from whatsapp.simulator.graph.errors import GraphError, NoSuchObject
from whatsapp.simulator.http import Json, Request
from whatsapp.simulator.state import Simulator

from .nodes import find_account_numbers, page, pick
from .phone_numbers import NUMBER_FIELDS

ACCOUNT_FIELDS = ("id", "name", "timezone_id", "currency")

#: Seconds in which a callback answers Meta's challenge.
CHALLENGE_TIMEOUT = 10


def is_asked_for(request: Request) -> bool:
    """Whether a node that is not known yet is asked for what accounts have and numbers have not."""
    return "account_review_status" in request.query.get("fields", "").split(",")


def get_account(simulator: Simulator, request: Request, waba_id: str) -> Json:
    find_account_numbers(simulator, request, waba_id)
    account = {
        "id": waba_id,
        "name": "Simulator",
        "currency": "USD",
        "timezone_id": "1",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "health_status": {"can_send_message": "AVAILABLE"},
        **simulator.directory.accounts.get(waba_id, {}),
    }
    return pick(account, request, ACCOUNT_FIELDS)


def get_phone_numbers(simulator: Simulator, request: Request, waba_id: str) -> Json:
    numbers = find_account_numbers(simulator, request, waba_id)
    return page(request, [pick(number.as_node(), request, NUMBER_FIELDS) for number in numbers])


def get_subscribed_apps(simulator: Simulator, request: Request, waba_id: str) -> Json:
    find_account_numbers(simulator, request, waba_id)
    override = simulator.courier.callback_overrides.get(waba_id)
    callback = {"override_callback_uri": override} if override else {}
    return {
        "data": [
            {
                "whatsapp_business_api_data": {"id": app_id, "name": simulator.directory.app_name(app_id), "link": ""},
                **callback,
            }
            for app_id in simulator.directory.subscribed.get(waba_id, ())
        ]
    }


def post_subscribed_apps(simulator: Simulator, request: Request, waba_id: str) -> Json:
    """Subscribe the app that issued the token. Without a callback of the account's own, an earlier one is cleared."""
    find_account_numbers(simulator, request, waba_id)
    callback = request.json.get("override_callback_uri", "")
    if callback:
        _verify_callback(callback, request.json.get("verify_token", ""))
    simulator.courier.callback_overrides[waba_id] = callback
    simulator.directory.subscribed.setdefault(waba_id, {})[simulator.directory.token(request.token).app_id] = True
    simulator.courier.wake()
    return {"success": True}


def delete_subscribed_apps(simulator: Simulator, request: Request, waba_id: str) -> Json:
    find_account_numbers(simulator, request, waba_id)
    if not simulator.directory.subscribed.get(waba_id, {}).pop(simulator.directory.token(request.token).app_id, None):
        raise NoSuchObject(request.method, waba_id)
    return {"success": True}


def _verify_callback(callback: str, verify_token: str) -> None:
    """Challenge a callback before it is used, as Meta does (Webhooks, "Verification requests")."""
    challenge = str(secrets.randbelow(10**10))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.get(callback, params=query, timeout=CHALLENGE_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise _callback_refused("no connection") from error
    if response.status_code != 200 or response.text != challenge:
        raise _callback_refused(f"HTTP Status Code = {response.status_code}")


def _callback_refused(reason: str) -> GraphError:
    return GraphError(2200, f"Callback verification failed with the following errors: {reason}")
