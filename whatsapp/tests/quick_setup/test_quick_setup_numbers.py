"""What becomes of each number in quick setup: whether it is connected, and how it is registered."""

import pytest
from django.db import connection

from accounts.models import Role
from accounts.testing import make_colleague, make_owner
from whatsapp.graph.accounts import AccountApi
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.numbers.quick_setup import setups
from whatsapp.numbers.quick_setup.labels import result_text
from whatsapp.numbers.quick_setup.results import results_of
from whatsapp.simulator.graph import faults
from whatsapp.simulator.graph.tokens import Token
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


# Connecting


def test_a_number_of_another_business_is_refused_as_one_that_does_not_exist(meta, account, owner):
    stranger = make_owner("Secret rival")
    theirs = make_number(stranger.business, phone_number_id=FIRST)
    setup = set_up(owner, phone_number_ids=[FIRST, "106540352249999", SECOND])
    results = results_of(setup)
    taken, unknown = results["check", FIRST], results["check", "106540352249999"]
    assert (taken.code, taken.facts) == (unknown.code, unknown.facts) == ("unusable", {})
    assert result_text(taken) == result_text(unknown)
    assert [n.phone_number_id for n in WhatsAppNumber.objects.filter(business=owner.business)] == [SECOND]
    theirs.refresh_from_db()
    assert theirs.business == stranger.business


def test_a_banned_number_is_not_connected(meta, account, owner):
    account[0].facts["status"] = "BANNED"
    setup = set_up(owner, phone_number_ids=[FIRST])
    assert failed(setup)[f"check:{FIRST}"] == "lost"
    assert not WhatsAppNumber.objects.exists()


def test_the_plan_limits_how_many_are_connected(meta, account, owner):
    owner.business.subscription.plan = "trial"
    owner.business.subscription.save()
    for _serial in range(4):
        make_number(owner.business)
    setup = set_up(owner, phone_number_ids=[FIRST, SECOND])
    assert failed(setup)[f"connect:{SECOND}"] == "plan_limit"
    assert f"{SECOND}/register" not in calls(meta)
    assert WhatsAppNumber.objects.count() == 5


def test_two_numbers_of_one_name_are_told_apart(meta, account, owner):
    account[1].name = "Tea shop"
    set_up(owner)
    assert sorted(n.name for n in WhatsAppNumber.objects.all()) == ["Tea shop", "Tea shop +7 495 123-45-01"]


def test_a_connected_number_keeps_a_token_that_works(meta, account, owner):
    meta.directory.tokens["EAAold"] = Token()
    number = make_number(
        owner.business, phone_number="+74951234501", phone_number_id=FIRST, waba_id=WABA_ID, access_token="EAAold"
    )
    account[0].also_accepts.add("EAAold")
    setup = set_up(owner, phone_number_ids=[FIRST], app_secret="another")
    number.refresh_from_db()
    assert codes(setup)[f"connect:{FIRST}"] == "kept"
    assert (number.access_token, number.app_secret == "another") == ("EAAold", False)


def test_a_connected_number_with_a_dead_token_gets_the_new_one(meta, account, owner):
    number = make_number(
        owner.business, phone_number="+74951234501", phone_number_id=FIRST, waba_id="", access_token="EAAdead"
    )
    setup = set_up(owner, phone_number_ids=[FIRST], app_secret="new-secret")
    number.refresh_from_db()
    assert codes(setup)[f"connect:{FIRST}"] == "updated"
    assert (number.access_token, number.app_secret, number.waba_id) == (TOKEN, "new-secret", WABA_ID)


def test_a_manager_does_not_change_the_token_of_a_connected_number(meta, account, owner):
    make_number(owner.business, phone_number="+74951234501", phone_number_id=FIRST, access_token="EAAdead")
    setup = set_up(make_colleague(owner, Role.MANAGER), phone_number_ids=[FIRST])
    assert failed(setup)[f"connect:{FIRST}"] == "owner_only"
    assert number_of(FIRST).access_token == "EAAdead"


def test_a_number_deleted_meanwhile_is_connected_anew(meta, account, owner):
    meta.faults.on_call("GET", "subscribed_apps", faults.server_error)
    set_up(owner, phone_number_ids=[FIRST])
    WhatsAppNumber.objects.all().delete()
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == {}
    assert number_of(FIRST).status == "connected"


def test_a_number_deleted_during_the_setup_waits_to_be_connected(meta, account, owner, monkeypatch):
    read = AccountApi.number_to_register

    def deleted_meanwhile(api, phone_number_id):
        WhatsAppNumber.objects.all().delete()
        return read(api, phone_number_id)

    with monkeypatch.context() as patch:
        patch.setattr(AccountApi, "number_to_register", deleted_meanwhile)
        setup = set_up(owner, phone_number_ids=[FIRST])
    assert failed(setup) == {f"register:{FIRST}": "waits", "templates": "waits"}
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == {}


# Registering


def test_the_pin_that_was_given_is_used_and_kept_encrypted(meta, account, owner):
    account[1].pin = "246810"
    set_up(owner, phone_number_ids=[SECOND], pin="246810")
    assert number_of(SECOND).pin == "246810"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pin FROM whatsapp_numbers UNION SELECT pin FROM quick_setups")
        assert not any("246810" in (pin or "") for (pin,) in cursor.fetchall())


def test_a_generated_pin_is_saved_before_meta_has_it(meta, account, owner):
    meta.faults.on_call("POST", "register", faults.closed_after_accepting)
    setup = set_up(owner, phone_number_ids=[SECOND])
    assert failed(setup) == {f"register:{SECOND}": "answer_lost"}
    assert number_of(SECOND).pin == account[1].pin
    set_up(owner, phone_number_ids=[SECOND])
    assert calls(meta).count(f"{SECOND}/register") == 1


def test_a_number_with_a_pin_of_its_own_asks_for_it_without_asking_meta(meta, account, owner):
    account[1].pin = "246810"
    setup = set_up(owner, phone_number_ids=[SECOND])
    assert failed(setup) == {f"register:{SECOND}": "pin_needed"}
    assert f"{SECOND}/register" not in calls(meta)


def test_a_wrong_pin_is_tried_once_and_forgotten(meta, account, owner):
    account[1].pin = "246810"
    for _run in range(3):
        setup = set_up(owner, phone_number_ids=[SECOND], pin="")
        if not QuickSetup.objects.get().pin:
            setups.change(setup, pin="000000")
    assert calls(meta).count(f"{SECOND}/register") == 1
    assert failed(setup) == {f"register:{SECOND}": "pin_wrong"}
    assert number_of(SECOND).pin == ""
    setups.change(setup, pin="246810")
    setups.run(setup, owner)
    assert failed(setup) == {}


def test_a_phone_that_is_not_verified_is_not_registered(meta, account, owner):
    account[1].facts["code_verification_status"] = "NOT_VERIFIED"
    setup = set_up(owner, phone_number_ids=[SECOND])
    assert failed(setup) == {f"register:{SECOND}": "not_verified"}
    assert f"{SECOND}/register" not in calls(meta)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (133006, "not_verified"),
        (133008, "pin_too_often"),
        (133009, "pin_too_fast"),
        (133015, "deleted_lately"),
        (133016, "registered_too_often"),
    ],
)
def test_what_meta_says_of_registering_is_explained(meta, account, owner, code, told):
    meta.faults.on_call("POST", "register", faults.error(code, "No"))
    assert failed(set_up(owner, phone_number_ids=[SECOND])) == {f"register:{SECOND}": told}
