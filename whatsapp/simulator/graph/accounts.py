"""The endpoints of WhatsApp Business accounts and their numbers (cloud API reference, "Business management")."""

import secrets
import time

import requests

from .errors import GraphError, NoSuchObject, value_wrong
from .nodes import account_numbers, number_of, page, pick

NUMBER_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "id",
)
ACCOUNT_FIELDS = ("id", "name", "timezone_id", "currency")
PROFILE_FIELDS = ("about", "address", "description", "email", "profile_picture_url", "websites", "vertical")

#: How often a number may be registered, and in how many seconds (133016).
MOST_REGISTRATIONS, REGISTRATIONS_WITHIN = 10, 72 * 60 * 60


def is_asked_for(request):
    """Whether a node that is not known yet is asked for what accounts have and numbers have not."""
    return "account_review_status" in request.query.get("fields", "").split(",")


def get_account(simulator, request, waba_id):
    account_numbers(simulator, request, waba_id)
    account = {
        "id": waba_id,
        "name": "Simulator",
        "currency": "USD",
        "timezone_id": "1",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "health_status": {"can_send_message": "AVAILABLE"},
        **simulator.accounts.get(waba_id, {}),
    }
    return pick(account, request, ACCOUNT_FIELDS)


def get_phone_numbers(simulator, request, waba_id):
    numbers = account_numbers(simulator, request, waba_id)
    return page(request, [pick(number.as_node(), request, NUMBER_FIELDS) for number in numbers])


def post_register(simulator, request, phone_number_id):
    number = number_of(simulator, request, phone_number_id)
    pin = str(request.json.get("pin", ""))
    if not (pin.isascii() and pin.isdigit() and len(pin) == 6):
        raise value_wrong("pin must have 6 digits")
    if number.as_node()["code_verification_status"] != "VERIFIED":
        raise GraphError(133006, "Phone number needs to be verified before registering")
    _count_registration(number)
    if number.pin and number.pin != pin:
        raise GraphError(133005, "Two step verification PIN Mismatch", "The two step verification PIN is wrong")
    number.pin, number.registered = pin, True
    return {"success": True}


def _count_registration(number):
    now = time.time()
    number.registrations = [at for at in number.registrations if at > now - REGISTRATIONS_WITHIN]
    if len(number.registrations) >= MOST_REGISTRATIONS:
        raise GraphError(133016, "Account register deregister rate limit exceeded", "Too many attempts in 72 hours")
    number.registrations.append(now)


def get_profile(simulator, request, phone_number_id):
    number = number_of(simulator, request, phone_number_id)
    profile = {**dict.fromkeys(PROFILE_FIELDS, ""), "websites": [], "id": phone_number_id, **number.profile}
    asked = pick(profile, request, PROFILE_FIELDS)
    # Meta leaves out what is empty.
    told = {name: value for name, value in asked.items() if value and name != "id"}
    return {"data": [{**told, "messaging_product": "whatsapp"}]}


def post_profile(simulator, request, phone_number_id):
    number = number_of(simulator, request, phone_number_id)
    number.profile.update({name: value for name, value in request.json.items() if name in PROFILE_FIELDS})
    return {"success": True}


def get_subscribed_apps(simulator, request, waba_id):
    account_numbers(simulator, request, waba_id)
    override = simulator.courier.callback_overrides.get(waba_id)
    more = {"override_callback_uri": override} if override else {}
    return {
        "data": [
            {"whatsapp_business_api_data": {"id": app_id, "name": simulator.app_name(app_id), "link": ""}, **more}
            for app_id in simulator.subscribed.get(waba_id, ())
        ]
    }


def post_subscribed_apps(simulator, request, waba_id):
    account_numbers(simulator, request, waba_id)
    callback = request.json.get("override_callback_uri", "")
    if callback:
        _shake_hands(callback, request.json.get("verify_token", ""))
    simulator.courier.callback_overrides[waba_id] = callback
    simulator.subscribed.setdefault(waba_id, {})[simulator.token(request.token).app_id] = True
    simulator.courier.wake()
    return {"success": True}


def delete_subscribed_apps(simulator, request, waba_id):
    account_numbers(simulator, request, waba_id)
    if not simulator.subscribed.get(waba_id, {}).pop(simulator.token(request.token).app_id, None):
        raise NoSuchObject(request.method, waba_id)
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
