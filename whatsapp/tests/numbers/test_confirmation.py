"""What Meta confirms of a number decides what it receives; what somebody merely typed takes nothing from others."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.jobs.job import advance
from accounts.models import User
from accounts.testing import make_business, make_owner
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers import health, numbers
from whatsapp.numbers.issues import issues_of
from whatsapp.numbers.quick_setup import setups
from whatsapp.simulator.graph import faults
from whatsapp.testing import inbound_text, make_number, payload_of, post_webhook
from whatsapp.tests.quick_setup.setting_up import (
    FIRST,
    SECOND,
    TOKEN,
    WABA_ID,
    failed,
    make_account,
    number_of,
    set_up,
)

pytestmark = pytest.mark.django_db

PHONE = "+79161234567"
URL = "/api/v1/whatsapp-numbers/"


def make_known(meta, owner):
    number = make_number(owner.business, app_secret="")
    meta.connect(number)
    meta.directory.subscribed[number.waba_id] = {meta.directory.app_id: True}
    return number


def api_of(number):
    """As the owner of its business."""
    api = APIClient()
    api.force_authenticate(User.objects.get(business=number.business))
    return api


@pytest.fixture
def alpha(meta):
    """A number of the installation's app, in order."""
    return make_known(meta, make_owner())


@pytest.fixture
def beta(meta):
    """One of another business."""
    return make_known(meta, make_owner())


@pytest.fixture
def claimed():
    """A phone number ID that Meta has not confirmed, since it could not be asked."""
    return make_claim()


def make_claim(**fields):
    fields = {"app_secret": "", "status": "not_checked", "last_event_at": None, **fields}
    return make_number(make_business(), confirmed_at=None, waba_confirmed_at=None, **fields)


def fresh(number):
    return WhatsAppNumber.objects.get(pk=number.pk)


def codes(number):
    return [issue.code for issue in issues_of(fresh(number), timezone.now())]


def post(client, settings, payload):
    return post_webhook(client, payload, settings.META_APP_SECRET).status_code


def receivers():
    return {event.whatsapp_number for event in WebhookEvent.objects.all()}


# The account


def test_who_claims_an_account_of_others_hears_nothing_of_it(client, settings, alpha, beta):
    numbers.update(beta, waba_id=alpha.waba_id)
    value = {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ALPHA_SPAM"}}

    assert post(client, settings, payload_of(alpha, value, "account_update")) == 200

    assert receivers() == {alpha}
    assert fresh(beta).waba_confirmed_at is None
    assert codes(beta) == ["waba_refused"]


def test_by_api_too_and_the_answer_says_so(alpha, beta):
    answer = api_of(beta).patch(f"{URL}{beta.pk}/", {"waba_id": alpha.waba_id}, format="json")
    assert (answer.status_code, [need["code"] for need in answer.data["needs"]]) == (200, ["waba_refused"])


def test_an_account_that_lists_the_number_to_its_token_is_confirmed(meta, beta):
    meta.directory.numbers[beta.phone_number_id].waba_id = "77700001"
    numbers.update(beta, waba_id="77700001")
    assert fresh(beta).waba_confirmed_at
    assert codes(beta) == []


@pytest.mark.parametrize("changed", ["access_token", "waba_id", "phone_number_id"])
def test_what_was_confirmed_is_confirmed_no_longer_when_it_changes_and_meta_is_away(settings, beta, changed):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    numbers.update(beta, **{changed: "1234567"})
    now = fresh(beta)
    assert now.waba_confirmed_at is None
    assert (now.confirmed_at is None) == (changed != "waba_id")


def test_another_name_leaves_what_is_confirmed(beta):
    numbers.update(beta, name="Other")
    assert fresh(beta).confirmed_at == beta.confirmed_at
    assert fresh(beta).waba_confirmed_at == beta.waba_confirmed_at


def test_a_check_confirms_a_number_and_its_account(meta, claimed):
    meta.connect(claimed)
    health.check(claimed)
    assert fresh(claimed).confirmed_at
    assert fresh(claimed).waba_confirmed_at


def test_a_check_finds_that_the_number_has_left_the_account(meta, alpha):
    meta.directory.numbers[alpha.phone_number_id].waba_id = "77700001"
    health.check(alpha)
    assert (codes(alpha), fresh(alpha).waba_confirmed_at) == (["waba_refused"], None)
    meta.directory.numbers[alpha.phone_number_id].waba_id = alpha.waba_id
    health.check(alpha)
    assert codes(alpha) == []
    assert fresh(alpha).waba_confirmed_at


def test_a_check_that_cannot_read_the_account_changes_nothing(meta, alpha):
    meta.faults.on_call("GET", "phone_numbers", faults.error(131009, "Parameter value is not valid"))
    health.check(alpha)
    assert fresh(alpha).waba_confirmed_at == alpha.waba_confirmed_at
    assert codes(alpha) == []


def test_quick_setup_confirms_what_it_connects(meta):
    make_account(meta)
    set_up(make_owner(), app_secret="s")
    for phone_number_id in (FIRST, SECOND):
        assert number_of(phone_number_id).confirmed_at
        assert number_of(phone_number_id).waba_confirmed_at


def test_quick_setup_confirms_a_number_that_was_connected_already(meta):
    make_account(meta)
    owner = make_owner()
    fields = {"phone_number": "+74951234501", "phone_number_id": FIRST, "waba_id": WABA_ID, "access_token": TOKEN}
    make_number(owner.business, waba_confirmed_at=None, **fields)
    assert failed(set_up(owner, phone_number_ids=[FIRST])) == {}
    assert number_of(FIRST).waba_confirmed_at


# The phone number ID


def test_the_installations_secret_does_not_speak_for_an_id_that_meta_refused(client, settings):
    refused = make_claim(status="problem", problem="Meta does not know this phone number ID.")
    assert post(client, settings, inbound_text(refused, PHONE, "Hi")) == 200
    assert receivers() == set()
    assert fresh(refused).webhooks_refused == 0


def test_until_meta_could_be_asked_it_keeps_the_messages(client, settings, claimed, meta):
    meta.connect(claimed)
    claimed.check_due_at = timezone.now() + timedelta(hours=6)
    claimed.save()
    payload = inbound_text(claimed, PHONE, "Hi")
    assert post(client, settings, payload) == 503
    assert receivers() == set()

    advance(health.JOB, claimed, 20)

    assert post(client, settings, payload) == 200
    assert receivers() == {claimed}


def test_a_number_with_a_secret_of_its_own_receives_before_it_is_confirmed(client):
    number = make_claim(app_secret="own")
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), "own").status_code == 200
    assert receivers() == {number}


def test_a_claim_keeps_nobody_from_proving_an_id(client, settings, meta, claimed):
    business = make_business()
    meta.directory.add_number(claimed.phone_number_id, "+74951234501", "EAAproof", waba_id="77700001")
    fields = {"phone_number": "+74951234501", "phone_number_id": claimed.phone_number_id, "access_token": "EAAproof"}

    proven = numbers.connect(business, name="Proven", **fields)

    assert proven.confirmed_at
    assert post(client, settings, inbound_text(proven, PHONE, "Hi")) == 200
    assert receivers() == {proven}


def test_a_claim_keeps_nobody_from_quick_setup(meta):
    make_account(meta)
    make_claim(phone_number_id=FIRST)
    owner = make_owner()
    assert failed(set_up(owner, phone_number_ids=[FIRST], app_secret="s")) == {}
    assert setups.connected_numbers(setups.QuickSetup.objects.get()).get().business == owner.business


def test_what_is_confirmed_is_taken(alpha, beta):
    answer = api_of(beta).patch(f"{URL}{beta.pk}/", {"phone_number_id": alpha.phone_number_id}, format="json")
    assert answer.status_code == 400
    assert answer.data["phone_number_id"][0].code == "unique"


def test_a_business_connects_an_id_once(meta):
    first = make_number(make_business(), confirmed_at=None)
    meta.connect(first)
    entered = {"name": "Again", "phone_number": "+74951234501", "access_token": first.access_token}
    answer = api_of(first).post(URL, {**entered, "phone_number_id": first.phone_number_id}, format="json")
    assert (answer.status_code, answer.data["phone_number_id"][0].code) == (400, "unique")


def test_the_first_whom_meta_confirms_has_the_id(meta, alpha):
    late = make_claim(phone_number_id=alpha.phone_number_id, access_token=alpha.access_token)
    health.check(late)
    assert (fresh(late).confirmed_at, fresh(late).status) == (None, "problem")
    assert codes(late) == ["problem", "waba_refused"]


# On the page where the owner is


def test_saving_tells_at_once_what_keeps_a_number_from_receiving(client, settings, alpha, beta):
    client.force_login(User.objects.get(business=beta.business))
    page = reverse("admin:whatsapp_whatsappnumber_change", args=[beta.pk])
    entered = {
        "name": beta.name,
        "phone_number": beta.phone_number,
        "phone_number_id": beta.phone_number_id,
        "waba_id": alpha.waba_id,
        "messages_per_second": "80",
        "read_receipts": "answered",
        "is_active": "on",
    }
    shown = client.post(page, entered, follow=True).content.decode()
    assert "По данным Meta, этого номера нет в указанном аккаунте" in shown.partition('id="result_list"')[0]
    assert fresh(beta).waba_confirmed_at is None
