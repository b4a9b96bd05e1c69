"""The simulated Graph's accounts, numbers, apps and tokens: what setting up a number asks Meta for."""

import time

import pytest
import requests

from whatsapp.simulator.graph.tokens import APP_ID, Token

NUMBER_ID = "106540352242922"
WABA_ID = "102290129340398"
APP_TOKEN = f"{APP_ID}|simulator-app-secret"


@pytest.fixture
def number(meta):
    return meta.directory.add_number(NUMBER_ID, "+74951234567", "EAAtoken", waba_id=WABA_ID, name="Shop")


def call(meta, method, path, token="EAAtoken", **options):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, f"{meta.url}/v25.0/{path}", headers=headers, timeout=10, **options).json()


def register(meta, pin):
    answer = call(meta, "POST", f"{NUMBER_ID}/register", json={"messaging_product": "whatsapp", "pin": pin})
    return answer.get("error", {}).get("code", answer.get("success"))


def test_an_account_tells_of_itself(meta, number):
    assert call(meta, "GET", f"{WABA_ID}?fields=id,name,account_review_status") == {
        "id": WABA_ID,
        "name": "Simulator",
        "account_review_status": "APPROVED",
    }


def test_a_welcome_token_makes_an_account_by_asking_for_it(meta):
    told = call(meta, "GET", "777777?fields=id,name,account_review_status", token="sim-anything")
    assert (told["id"], told["name"]) == ("777777", "Simulator")
    assert list(meta.directory.numbers) == ["7777771"]


def test_the_account_of_another_token_does_not_exist(meta, number):
    meta.directory.add_number("999999", "+74950000000", "EAAother", waba_id="888888")
    assert call(meta, "GET", WABA_ID, token="EAAother")["error"]["error_subcode"] == 33


def test_numbers_come_in_pages_of_at_most_a_hundred_newest_first(meta, number):
    for serial in range(120):
        meta.directory.add_number(f"2000{serial:04}", f"+7495000{serial:04}", "EAAtoken", waba_id=WABA_ID)
    first = call(meta, "GET", f"{WABA_ID}/phone_numbers?fields=id&limit=500")
    second = requests.get(first["paging"]["next"], headers={"Authorization": "Bearer EAAtoken"}, timeout=10).json()
    assert [first["data"][0]["id"], len(first["data"]), len(second["data"])] == ["20000119", 100, 21]
    assert second["data"][-1]["id"] == NUMBER_ID
    assert "next" not in second["paging"]


def test_registering_sets_the_pin_and_asks_for_it_from_then_on(meta, number):
    number.registered = False
    assert [register(meta, "123456"), register(meta, "654321"), register(meta, "123456")] == [True, 133005, True]
    assert number.registered


def test_an_unverified_number_is_not_registered(meta, number):
    number.facts["code_verification_status"] = "NOT_VERIFIED"
    assert register(meta, "123456") == 133006


def test_the_eleventh_registration_in_72_hours_is_refused(meta, number):
    assert {register(meta, "123456") for _attempt in range(10)} == {True}
    assert register(meta, "123456") == 133016


def test_an_app_is_subscribed_and_taken_away(meta, number):
    call(meta, "POST", f"{WABA_ID}/subscribed_apps")
    [app] = call(meta, "GET", f"{WABA_ID}/subscribed_apps")["data"]
    assert app["whatsapp_business_api_data"]["id"] == APP_ID
    assert call(meta, "DELETE", f"{WABA_ID}/subscribed_apps") == {"success": True}
    assert call(meta, "GET", f"{WABA_ID}/subscribed_apps") == {"data": []}


def test_the_profile_says_what_was_written_into_it(meta, number):
    call(meta, "POST", f"{NUMBER_ID}/whatsapp_business_profile", json={"about": "Tea"})
    [profile] = call(meta, "GET", f"{NUMBER_ID}/whatsapp_business_profile?fields=about,email")["data"]
    assert profile == {"about": "Tea", "messaging_product": "whatsapp"}


@pytest.mark.parametrize("asking", [APP_TOKEN, "EAAtoken"])
def test_a_token_is_described_to_its_app_and_to_itself(meta, number, asking):
    told = call(meta, "GET", "debug_token?input_token=EAAtoken", token=asking)["data"]
    assert (told["app_id"], told["is_valid"], told["expires_at"]) == (APP_ID, True, 0)
    assert "whatsapp_business_messaging" in told["scopes"]


def test_the_token_of_another_app_is_not_described(meta, number):
    meta.directory.tokens["EAAtoken"] = Token(app_id="400000000000009")
    assert call(meta, "GET", "debug_token?input_token=EAAtoken", token=APP_TOKEN)["error"]["code"] == 100


def test_an_expired_token_is_described_and_refused(meta, number):
    meta.directory.tokens["EAAtoken"] = Token(expires_at=int(time.time()) - 60)
    assert call(meta, "GET", "debug_token?input_token=EAAtoken", token=APP_TOKEN)["data"]["is_valid"] is False
    assert call(meta, "GET", NUMBER_ID)["error"]["code"] == 190


def test_a_code_is_exchanged_once(meta, number):
    meta.directory.codes["the-code"] = "EAAtoken"
    query = f"client_id={APP_ID}&client_secret=simulator-app-secret&code=the-code"
    assert call(meta, "GET", f"oauth/access_token?{query}", token="")["access_token"] == "EAAtoken"
    assert call(meta, "GET", f"oauth/access_token?{query}", token="")["error"]["code"] == 100


def test_a_code_is_not_exchanged_with_a_wrong_secret(meta, number):
    meta.directory.codes["the-code"] = "EAAtoken"
    query = f"client_id={APP_ID}&client_secret=wrong&code=the-code"
    assert call(meta, "GET", f"oauth/access_token?{query}", token="")["error"]["code"] == 1
