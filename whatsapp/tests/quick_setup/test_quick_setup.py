"""Quick setup against the simulated Meta: what each step does, and what it says of what it cannot do."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from accounts.jobs import registry
from accounts.refusals import Refusal
from accounts.testing import make_owner
from whatsapp.models import MessageTemplate, QuickSetup, WhatsAppNumber
from whatsapp.numbers.quick_setup import setups
from whatsapp.numbers.quick_setup.labels import result_text
from whatsapp.numbers.quick_setup.results import is_complete, results_of
from whatsapp.simulator.graph import faults
from whatsapp.simulator.graph.tokens import APP_ID, Token
from whatsapp.testing import make_number
from whatsapp.tests.quick_setup.setting_up import (
    FIRST,
    SECOND,
    TOKEN,
    WABA_ID,
    calls,
    codes,
    failed,
    make_account,
    number_of,
    set_up,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def account(meta):
    return make_account(meta)


def test_all_numbers_of_an_account_are_connected(meta, account, owner):
    setup = set_up(owner)
    assert failed(setup) == {}
    assert is_complete(setup)
    assert codes(setup)[f"register:{FIRST}"] == "registered"
    assert codes(setup)[f"register:{SECOND}"] == "registered_with_new_pin"
    assert [(n.name, n.phone_number, n.status, n.waba_id) for n in WhatsAppNumber.objects.all()] == [
        ("Coffee shop", "+74951234502", "connected", WABA_ID),
        ("Tea shop", "+74951234501", "connected", WABA_ID),
    ]
    assert MessageTemplate.objects.filter(business=owner.business, waba_id=WABA_ID).count() == 4
    assert number_of(FIRST).subscribed_apps == ["Simulator"]
    assert calls(meta) == [f"{SECOND}/register", f"{WABA_ID}/subscribed_apps"]


def test_only_the_chosen_numbers_are_connected(account, owner):
    set_up(owner, phone_number_ids=[SECOND])
    assert [number.phone_number_id for number in WhatsAppNumber.objects.all()] == [SECOND]


def test_until_numbers_are_chosen_nothing_is_changed(meta, account, owner):
    setup = setups.begin(owner, WABA_ID, TOKEN)
    setups.run(setup, owner)
    assert list(codes(setup)) == ["token", "account", "numbers"]
    assert [number["id"] for number in setup.found] == [SECOND, FIRST]
    assert calls(meta) == [] and not WhatsAppNumber.objects.exists()


def test_run_again_after_its_end_nothing_is_changed(meta, account, owner):
    set_up(owner)
    before, posted = list(WhatsAppNumber.objects.values("access_token", "name", "pin", "status")), calls(meta)
    setup = set_up(owner)
    assert QuickSetup.objects.count() == 2
    assert failed(setup) == {}
    assert codes(setup)[f"connect:{FIRST}"] == "kept"
    assert calls(meta) == posted
    assert list(WhatsAppNumber.objects.values("access_token", "name", "pin", "status")) == before


def test_more_numbers_than_a_page_holds_are_found(meta, account, owner):
    for serial in range(230):
        meta.directory.add_number(f"2000{serial:08}", f"+7496{serial:07}", TOKEN, waba_id=WABA_ID)
    setup = setups.begin(owner, WABA_ID, TOKEN)
    setups.run(setup, owner)
    assert len({number["id"] for number in setup.found}) == 232


def test_a_stale_cursor_begins_the_list_again(meta, account, owner):
    for serial in range(120):
        meta.directory.add_number(f"2000{serial:08}", f"+7496{serial:07}", TOKEN, waba_id=WABA_ID)
    pages = iter([lambda accept: accept(), faults.error(131059, "Invalid cursor")])
    for answer in pages:
        meta.faults.on_call("GET", "phone_numbers", answer)
    setup = setups.begin(owner, WABA_ID, TOKEN)
    setups.run(setup, owner)
    assert len(setup.found) == 122


def test_a_list_that_does_not_end_ends_here(meta, account, owner, monkeypatch):
    monkeypatch.setattr("whatsapp.graph.paging.MAX_PAGES", 2)
    for serial in range(230):
        meta.directory.add_number(f"2000{serial:08}", f"+7496{serial:07}", TOKEN, waba_id=WABA_ID)
    setup = set_up(owner)
    assert failed(setup)["numbers"] == "list_without_end"


# The token


def test_a_token_is_described_to_the_app_of_the_installation(settings, meta, account, owner):
    settings.META_APP_ID, settings.META_APP_SECRET = APP_ID, meta.directory.app_secret
    set_up(owner)
    described = [call for call in meta.requests if call.path.endswith("debug_token")]
    assert [call.token.partition("|")[0] for call in described] == [APP_ID]


def test_the_token_of_another_app_is_described_to_itself(settings, meta, account, owner):
    settings.META_APP_ID, settings.META_APP_SECRET = APP_ID, meta.directory.app_secret
    meta.directory.tokens[TOKEN] = Token(app_id="400000000000009")
    setup = set_up(owner, app_secret="their-secret")
    assert codes(setup)["token"] == "token_valid"
    assert number_of(FIRST).app_secret == "their-secret"


def test_a_token_that_nobody_describes_is_proved_by_use(meta, account, owner):
    meta.faults.on_call("GET", "debug_token", faults.error(100, "Not for you"), times=None)
    setup = set_up(owner)
    assert codes(setup)["token"] == "token_used"
    assert failed(setup) == {}


def test_the_end_of_a_token_is_kept(meta, account, owner):
    ends_at = int(time.time()) + 60 * 24 * 3600
    meta.directory.tokens[TOKEN] = Token(expires_at=ends_at)
    setup = set_up(owner, phone_number_ids=[FIRST])
    assert number_of(FIRST).token_expires_at == datetime.fromtimestamp(ends_at, UTC)
    with translation.override("en"):
        assert "expires" in result_text(results_of(setup)["token", ""])


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (Token(expires_at=1_700_000_000), "token_expired"),
        (Token(is_valid=False), "token_refused"),
    ],
)
def test_with_a_dead_token_nothing_else_is_tried(meta, account, owner, token, code):
    meta.directory.tokens[TOKEN] = token
    setup = set_up(owner)
    assert failed(setup) == {"token": code, "account": "waits", "numbers": "waits"}


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (Token(scopes=("whatsapp_business_messaging",)), "scopes"),
        (Token(waba_ids=("999999",)), "other_accounts"),
    ],
)
def test_a_token_that_lacks_something_says_so_and_the_rest_is_tried(meta, account, owner, token, code):
    meta.directory.tokens[TOKEN] = token
    assert failed(set_up(owner)) == {"token": code}


def test_an_unknown_token_is_refused(meta, account, owner):
    setup = set_up(owner, access_token="EAAwrong")
    assert failed(setup)["token"] == "token_refused"
    assert "EAAwrong" not in result_text(results_of(setup)["token", ""])


def test_a_new_token_takes_the_place_of_a_refused_one(meta, account, owner):
    setup = set_up(owner, access_token="EAAwrong", phone_number_ids=[FIRST])
    setups.change(setup, access_token=TOKEN)
    setups.run(setup, owner)
    assert failed(setup) == {}


# The webhooks


def test_an_app_that_is_subscribed_already_is_not_subscribed_again(meta, account, owner):
    meta.directory.subscribed[WABA_ID] = {APP_ID: True}
    set_up(owner, phone_number_ids=[FIRST])
    assert calls(meta) == []
    assert number_of(FIRST).subscribed_apps == ["Simulator"]


def test_beside_another_app_the_own_one_is_subscribed(meta, account, owner):
    meta.directory.subscribed[WABA_ID] = {"400000000000009": True}
    set_up(owner, phone_number_ids=[FIRST])
    assert number_of(FIRST).subscribed_apps == ["App 400000000000009", "Simulator"]


def test_a_subscription_that_meta_does_not_list_is_no_success(meta, account, owner):
    meta.faults.on_call("POST", "subscribed_apps", lambda accept: {"success": True})
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == {"subscribe": "not_listed"}
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == {}


def test_webhooks_that_nobody_can_verify_are_no_success(settings, meta, account, owner):
    settings.META_APP_SECRET = ""
    setup = set_up(owner, phone_number_ids=[FIRST])
    assert failed(setup) == {"subscribe": "webhook_secret_missing"}
    with translation.override("en"):
        assert "App settings → Basic" in result_text(results_of(setup)["subscribe", ""])

    again = set_up(owner, phone_number_ids=[FIRST], app_secret="the-secret-of-this-app")
    assert failed(again) == {}
    assert number_of(FIRST).app_secret == "the-secret-of-this-app"


def test_a_secret_that_the_numbers_have_already_is_enough(settings, meta, account, owner):
    settings.META_APP_SECRET = ""
    make_number(owner.business, phone_number_id=FIRST, waba_id=WABA_ID, access_token=TOKEN, app_secret="known")
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == {}


@pytest.mark.parametrize(("app_id", "failing"), [(APP_ID, {}), ("77", {"subscribe": "webhook_secret_missing"})])
def test_the_installations_secret_is_that_of_its_own_app_alone(settings, meta, account, owner, app_id, failing):
    settings.META_APP_ID = app_id
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == failing


# Each step failing in turn

STEPS = {
    "token": ("GET", "debug_token", None),
    "account": ("GET", None, WABA_ID),
    "numbers": ("GET", "phone_numbers", None),
    f"check:{SECOND}": ("GET", None, SECOND),
    f"register:{SECOND}": ("POST", "register", None),
    f"profile:{SECOND}": ("GET", "whatsapp_business_profile", SECOND),
    "subscribe": ("POST", "subscribed_apps", None),
    "templates": ("GET", "message_templates", None),
}
TROUBLES = {
    "an error of Graph": faults.error(131000, "Something went wrong", http_status=500),
    "a page instead of JSON": faults.server_error,
    "a cut connection": faults.closed_before_accepting,
    "an answer that is lost": faults.closed_after_accepting,
    "a refusal": faults.error(131009, "Parameter value is not valid"),
}
AFTER = {
    "numbers": set(),
    f"check:{SECOND}": {f"connect:{SECOND}", f"register:{SECOND}", f"profile:{SECOND}"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_fails_alone_and_is_done_when_run_again(meta, account, owner, step, trouble):
    method, edge, node = STEPS[step]
    meta.faults.on_call(method, edge, TROUBLES[trouble], node=node)
    first = set_up(owner)
    waiting = AFTER.get(step, set())
    # Who may not look at a token proves it by use.
    expected = set() if (step, trouble) == ("token", "a refusal") else {step} | waiting
    assert set(failed(first)) == expected
    assert {failed(first)[key] for key in waiting} <= {"waits"}
    second = set_up(owner)
    assert failed(second) == {}
    assert is_complete(second)
    assert {n.status for n in WhatsAppNumber.objects.all()} == {"connected"}
    assert WhatsAppNumber.objects.count() == 2
    assert calls(meta).count(f"{SECOND}/register") <= 2
    assert account[1].registrations and len(account[1].registrations) == 1


def test_a_number_that_cannot_be_connected_does_not_hold_up_the_other(meta, account, owner):
    meta.faults.on_call("GET", None, faults.error(190, "Expired", http_status=401), node=SECOND)
    setup = set_up(owner)
    assert set(failed(setup)) == {f"{step}:{SECOND}" for step in ("check", "connect", "register", "profile")}
    assert number_of(FIRST).status == "connected"


def test_a_slow_meta_is_not_waited_for_without_end(meta, account, owner):
    meta.faults.on_call("GET", "phone_numbers", faults.slow(0.3))
    setup = setups.begin(owner, WABA_ID, TOKEN, phone_number_ids=[FIRST])
    setups.run(setup, owner, timeout=0.2)
    assert failed(setup)[f"check:{FIRST}"] == "later"
    setups.run(setup, owner)
    assert failed(setup) == {}


def test_out_of_reach_every_step_says_so(settings, owner):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    assert failed(set_up(owner)) == dict.fromkeys(("token", "account", "numbers"), "unreachable")


# The row


def test_two_requests_do_not_run_one_setup(account, owner):
    setup = setups.begin(owner, WABA_ID, TOKEN)
    QuickSetup.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(Refusal) as refusal:
        setups.run(setup, owner)
    assert refusal.value.code == "setup_running"


def test_a_setup_is_forgotten_after_a_day(account, owner):
    set_up(owner)
    assert registry.prune()[setups.JOB.name] == 0
    QuickSetup.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert registry.prune()[setups.JOB.name] == 1


def test_what_came_of_the_steps_is_told_in_the_language_of_the_reader(account, owner):
    results = results_of(set_up(owner)).values()
    with translation.override("en"):
        told = [result_text(result) for result in results]
    assert "“Simulator”" in told
    assert "+7 495 123-45-01 can be connected." in told


def test_no_secret_is_kept_in_the_results_or_logged(meta, account, owner, caplog):
    caplog.set_level("DEBUG")
    meta.faults.on_call("GET", None, faults.error(190, f"Malformed access token {TOKEN}", http_status=401))
    setup = set_up(owner, app_secret="the-app-secret", pin="975310")
    told = str(setup.results) + str(setup.found) + " ".join(map(result_text, results_of(setup).values())) + caplog.text
    for secret in (TOKEN, "the-app-secret", "975310"):
        assert secret not in told
