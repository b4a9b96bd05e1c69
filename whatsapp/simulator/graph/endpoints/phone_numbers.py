"""Phone numbers: what they are, their registration, their profile (Business management API)."""

import time

from whatsapp.simulator.graph.errors import GraphError, value_wrong
from whatsapp.simulator.graph.phone_numbers import PhoneNumber
from whatsapp.simulator.http import Json, Request
from whatsapp.simulator.state import Simulator

from .nodes import find_number, pick

NUMBER_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "id",
)
PROFILE_FIELDS = ("about", "address", "description", "email", "profile_picture_url", "websites", "vertical")

#: How often a number may be registered within so many seconds (133016).
MAX_REGISTRATIONS, REGISTRATION_PERIOD = 10, 72 * 60 * 60


def get_phone_number(simulator: Simulator, request: Request, phone_number_id: str) -> Json:
    return pick(find_number(simulator, request, phone_number_id).as_node(), request, NUMBER_FIELDS)


def post_register(simulator: Simulator, request: Request, phone_number_id: str) -> Json:
    number = find_number(simulator, request, phone_number_id)
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


def _count_registration(number: PhoneNumber) -> None:
    now = time.time()
    number.registrations = [at for at in number.registrations if at > now - REGISTRATION_PERIOD]
    if len(number.registrations) >= MAX_REGISTRATIONS:
        raise GraphError(133016, "Account register deregister rate limit exceeded", "Too many attempts in 72 hours")
    number.registrations.append(now)


def get_profile(simulator: Simulator, request: Request, phone_number_id: str) -> Json:
    number = find_number(simulator, request, phone_number_id)
    profile = {**dict.fromkeys(PROFILE_FIELDS, ""), "websites": [], "id": phone_number_id, **number.profile}
    asked = pick(profile, request, PROFILE_FIELDS)
    # Meta leaves out what is empty.
    filled = {name: value for name, value in asked.items() if value and name != "id"}
    return {"data": [{**filled, "messaging_product": "whatsapp"}]}


def post_profile(simulator: Simulator, request: Request, phone_number_id: str) -> Json:
    number = find_number(simulator, request, phone_number_id)
    number.profile.update({name: value for name, value in request.json.items() if name in PROFILE_FIELDS})
    return {"success": True}
