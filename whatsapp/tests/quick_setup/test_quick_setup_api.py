"""Quick setup and embedded signup by API."""

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.testing import make_colleague, make_owner
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.simulator.graph import faults
from whatsapp.simulator.graph.tokens import APP_ID
from whatsapp.testing import make_number
from whatsapp.tests.quick_setup.setting_up import FIRST, SECOND, TOKEN, WABA_ID, make_account

pytestmark = pytest.mark.django_db

URL = "/api/v1/whatsapp-numbers/"


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def account(meta):
    return make_account(meta)


@pytest.fixture
def app(settings, meta):
    """The installation has an app of its own at Meta."""
    settings.META_APP_ID, settings.META_APP_SECRET = APP_ID, meta.directory.app_secret
    meta.directory.codes["AQcode"] = TOKEN


def post(user, address, language="en", **body):
    client = APIClient(headers={"accept-language": language})
    client.force_authenticate(user)
    return client.post(f"{URL}{address}/", body, format="json")


def set_up(user, **body):
    return post(user, "quick-setup", **{"access_token": TOKEN, "waba_id": WABA_ID, **body})


def test_all_numbers_of_the_account_are_connected_and_each_step_is_told(account, owner):
    answer = set_up(owner)
    assert answer.status_code == 200, answer.data
    assert [step["ok"] for step in answer.data["steps"]] == [True] * len(answer.data["steps"])
    assert {step["step"] for step in answer.data["steps"]} == {
        "token", "account", "numbers", "check", "connect", "register", "profile", "subscribe", "templates"
    }  # fmt: skip
    assert [(number["phone_number_id"], number["status"]) for number in answer.data["numbers"]] == [
        (SECOND, "connected"),
        (FIRST, "connected"),
    ]


def test_numbers_that_were_not_chosen_are_told_of(account, owner):
    answer = set_up(owner, phone_number_ids=[FIRST])
    assert [number["phone_number_id"] for number in answer.data["numbers"]] == [FIRST]
    assert [(number["phone_number_id"], number["is_connected"]) for number in answer.data["found"]] == [
        (SECOND, False),
        (FIRST, True),
    ]


def test_a_step_of_a_number_names_it(account, owner):
    steps = set_up(owner, phone_number_ids=[FIRST]).data["steps"]
    assert {step["phone_number_id"] for step in steps} == {None, FIRST}


def test_a_refused_token_is_a_step_that_failed(account, owner):
    answer = set_up(owner, access_token="EAAwrong")
    assert answer.status_code == 200
    assert answer.data["steps"][0]["ok"] is False
    assert answer.data["steps"][0]["code"] == "token_refused"
    assert "Meta does not accept the access token" in answer.data["steps"][0]["detail"]
    assert answer.data["numbers"] == []


def test_sent_again_it_goes_on_with_what_failed(meta, account, owner):
    meta.faults.on_call("POST", "subscribed_apps", faults.server_error)
    assert [step["step"] for step in set_up(owner).data["steps"] if not step["ok"]] == ["subscribe"]
    asked = len(meta.requests)
    assert all(step["ok"] for step in set_up(owner).data["steps"])
    assert len(meta.requests) - asked == 3
    assert QuickSetup.objects.count() == 1


def test_sent_again_it_may_choose_otherwise(meta, account, owner):
    meta.faults.on_call("POST", "subscribed_apps", faults.server_error, times=2)
    set_up(owner, phone_number_ids=[FIRST])
    both = set_up(owner)
    assert [number["phone_number_id"] for number in both.data["numbers"]] == [SECOND, FIRST]
    one = set_up(owner, phone_number_ids=[SECOND])
    assert {step["phone_number_id"] for step in one.data["steps"]} == {None, SECOND}
    assert QuickSetup.objects.count() == 1


def test_a_wrong_pin_is_corrected_by_sending_the_right_one(account, owner):
    account[1].pin = "246810"
    wrong = set_up(owner, pin="000000")
    assert [step["code"] for step in wrong.data["steps"] if not step["ok"]] == ["pin_wrong"]
    assert all(step["ok"] for step in set_up(owner, pin="246810").data["steps"])


def test_a_number_of_another_business_is_refused_without_saying_whose(account, owner):
    make_number(make_owner("Secret rival").business, phone_number_id=FIRST, name="Secret rival")
    answer = set_up(owner, phone_number_ids=[FIRST])
    assert answer.data["steps"][3]["code"] == "unusable"
    assert "rival" not in answer.content.decode()
    assert answer.data["numbers"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("access_token", ""),
        ("waba_id", "my account"),
        ("pin", "12345"),
        ("phone_number_ids", []),
        ("phone_number_ids", ["abc"]),
        ("phone_number_ids", FIRST),
        ("colour", "red"),
    ],
)
def test_what_cannot_be_meant_is_a_400_on_its_field(meta, owner, field, value):
    answer = set_up(owner, **{field: value})
    assert (answer.status_code, list(answer.data)) == (400, [field])
    assert meta.requests == [] and not QuickSetup.objects.exists()


def test_no_secret_is_answered(account, owner):
    text = set_up(owner, app_secret="the-app-secret", pin="975310").content.decode()
    for secret in (TOKEN, "the-app-secret", "975310", WhatsAppNumber.objects.get(phone_number_id=SECOND).pin):
        assert secret not in text


def test_a_manager_may_and_an_operator_may_not(account, owner):
    assert set_up(make_colleague(owner, Role.MANAGER)).status_code == 200
    assert set_up(make_colleague(owner, Role.OPERATOR)).status_code == 403


def test_the_setup_of_a_stranger_is_not_gone_on_with(meta, account, owner):
    meta.faults.on_call("POST", "subscribed_apps", faults.server_error)
    set_up(owner, phone_number_ids=[FIRST])
    answer = set_up(make_owner(), phone_number_ids=[FIRST])
    assert answer.data["steps"][3]["code"] == "unusable"
    assert QuickSetup.objects.count() == 2


# Embedded signup


def test_the_code_of_embedded_signup_connects_the_numbers(app, account, owner):
    answer = post(owner, "embedded-signup", code="AQcode", waba_id=WABA_ID)
    assert answer.status_code == 200, answer.data
    assert all(step["ok"] for step in answer.data["steps"])
    assert {number.access_token for number in WhatsAppNumber.objects.all()} == {TOKEN}


def test_an_answer_that_calls_the_token_otherwise_is_understood(meta, app, account, owner):
    meta.faults.on_call("GET", "access_token", lambda accept: {"business_token": TOKEN})
    answer = post(owner, "embedded-signup", code="AQcode", waba_id=WABA_ID)
    assert all(step["ok"] for step in answer.data["steps"])


def test_the_code_is_exchanged_without_a_token(meta, app, account, owner):
    post(owner, "embedded-signup", code="AQcode", waba_id=WABA_ID)
    assert (meta.requests[0].path, meta.requests[0].token) == ("/v25.0/oauth/access_token", "")


def test_a_code_that_meta_refuses_is_a_400_on_it(meta, app, account, owner):
    answer = post(owner, "embedded-signup", code="AQused", waba_id=WABA_ID)
    assert (answer.status_code, list(answer.data)) == (400, ["code"])
    assert "works once" in answer.data["code"][0]


@pytest.mark.parametrize("trouble", [faults.server_error, faults.closed_after_accepting, lambda accept: {"ok": 1}])
def test_a_code_whose_answer_is_lost_has_to_be_asked_for_again(meta, app, account, owner, trouble):
    meta.faults.on_call("GET", "access_token", trouble)
    answer = post(owner, "embedded-signup", code="AQcode", waba_id=WABA_ID)
    assert (answer.status_code, answer.data["code"]) == (409, "meta_unreachable")


def test_without_an_app_of_the_installation_embedded_signup_is_refused(meta, account, owner):
    answer = post(owner, "embedded-signup", code="AQcode", waba_id=WABA_ID)
    assert (answer.status_code, answer.data["code"]) == (409, "embedded_signup_off")
    assert meta.requests == []


def test_neither_the_code_nor_the_secret_of_the_app_is_logged(meta, app, account, owner, caplog):
    caplog.set_level("DEBUG")
    post(owner, "embedded-signup", code="AQcode", waba_id=WABA_ID)
    assert "AQcode" not in caplog.text and meta.directory.app_secret not in caplog.text


def test_words_of_an_unknown_shape_at_meta_break_no_setup(meta, account, owner):
    meta.directory.numbers[FIRST].facts.update(status=["CONNECTED"], code_verification_status={})

    assert set_up(owner, phone_number_ids=[FIRST]).status_code == 200
