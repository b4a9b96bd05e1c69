"""Junk in the JSON of a number or a quick setup, left by an older version or a hand, breaks no page and no answer."""

from typing import Any

import pytest
from django.db.models import JSONField, Model, Value
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.testing import make_owner
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.numbers.issues import issues_of
from whatsapp.numbers.quick_setup.labels import DONE, FAILED
from whatsapp.simulator.testing import SimulatedMeta
from whatsapp.tests.quick_setup.setting_up import FIRST, SECOND, TOKEN, WABA_ID, make_account, set_up

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

ANYTHING: list[Any] = [Value(None, JSONField()), 2**31, "text", [1, "x", [[]], None], {"a": {"b": [1]}}]

FOR_EVER = "2999-01-01T00:00:00+00:00"

ALERTS = [
    *({"pin": alert} for alert in (None, 5, "x", [], {})),
    *({"pin": {"until": until}, "cannot_send": 5} for until in (None, 5, "x", "2999-13-45T00:00:00Z", "2999-01-01")),
    {"pin": {"until": "2999-01-01T00:00:00"}, "cannot_send": {"until": FOR_EVER, "what": [1], "date": {}}},
]


def result(**fields: Any) -> dict[str, Any]:
    return {"step": "token", "ok": False, "code": "refused", "phone_number_id": "", "facts": {}} | fields


FACTS = [{"expires_at": "x"}, {"expires_at": "2026-13-45T00:00:00Z"}, {"expires_at": "2026-01-01T00:00:00"}] + [
    {name: wrong}
    for name, wrong in (("expires_at", 5), ("phone", []), ("phone", 5), ("for", []), ("for", "x"), ("meta", {}))
]
RESULTS = [
    [{"step": "token"}],
    [result(more=1)],
    *([result(**{name: wrong})] for name in result() for wrong in (5, [], {"a": 1})),
    *([result(ok="expires_at" in facts, code="token_valid", facts=facts)] for facts in FACTS),
]
FOUND: list[Any] = [
    [{}],
    [{"id": FIRST}],
    [{"id": wrong, "phone": wrong, "name": wrong, "status": wrong} for wrong in (None, 5, [], {"a": 1})],
]
CHOSEN: list[Any] = [[[]], [{}], [None, 5], [FIRST, {"a": 1}], FIRST]

SHAPES = {
    "alerts": ANYTHING + ALERTS,
    "subscribed_apps": [*ANYTHING, [{"name": "App"}], [None]],
    "results": ANYTHING + RESULTS,
    "found": ANYTHING + FOUND,
    "phone_number_ids": ANYTHING + CHOSEN,
}


@pytest.fixture
def owner(meta: SimulatedMeta) -> User:
    """An owner who has set up one of the two numbers of an account."""
    make_account(meta)
    owner = make_owner()
    set_up(owner, app_secret=meta.directory.app_secret, phone_number_ids=[FIRST])
    return owner


@pytest.fixture
def client(owner: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client


def statuses_of_number(client: Client, number: WhatsAppNumber) -> list[int]:
    name, api = "admin:whatsapp_whatsappnumber", f"/api/v1/whatsapp-numbers/{number.pk}/"
    setup = reverse(f"{name}_setup", args=[QuickSetup.objects.get().pk])
    pages = [reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[number.pk]), reverse("admin:index"), setup]
    shown = [client.get(address).status_code for address in [*pages, api, "/api/v1/whatsapp-numbers/"]]
    # Another account, so that what is stored is read and written anew.
    changed = client.patch(api, {"waba_id": WABA_ID, "access_token": TOKEN}, content_type="application/json")
    return [*shown, changed.status_code]


def store(row: Model, name: str, shape: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**{name: shape})
    row.refresh_from_db()


@pytest.mark.parametrize("name", ["alerts", "subscribed_apps"])
def test_a_number_is_shown_changed_and_checked(client: Client, name: str) -> None:
    number, broken = WhatsAppNumber.objects.get(), []
    for shape in SHAPES[name]:
        store(number, name, shape)
        broken += [f"{name}={shape}: {status}" for status in statuses_of_number(client, number) if status != 200]
        store(number, name, shape)
        assert issues_of(health.check(number), timezone.now()) is not None
    assert "\n".join(broken[:5]) == ""


@pytest.mark.parametrize("name", ["results", "found", "phone_number_ids"])
def test_a_quick_setup_is_shown_and_run_again(client: Client, name: str) -> None:
    setup, broken = QuickSetup.objects.get(), []
    page = reverse("admin:whatsapp_whatsappnumber_setup", args=[setup.pk])
    run = reverse("admin:whatsapp_whatsappnumber_run_setup", args=[setup.pk])
    for shape in SHAPES[name]:
        store(setup, name, shape)
        statuses = [client.get(page).status_code]
        statuses.append(client.post(run, {"phone_number_ids": [FIRST, SECOND]}, follow=True).status_code)
        store(setup, name, shape)
        body = {"waba_id": WABA_ID, "access_token": TOKEN}
        answer = client.post("/api/v1/whatsapp-numbers/quick-setup/", body, content_type="application/json")
        statuses.append(answer.status_code)
        QuickSetup.objects.exclude(pk=setup.pk).delete()
        broken += [f"{name}={shape}: {statuses}" for status in statuses if status != 200]
    assert "\n".join(broken[:5]) == ""


def test_every_code_makes_a_sentence_of_any_facts(client: Client) -> None:
    setup = QuickSetup.objects.get()
    page = reverse("admin:whatsapp_whatsappnumber_setup", args=[setup.pk])
    for code in [*DONE, *FAILED]:
        store(setup, "results", [result(code=code, ok=code in DONE)])
        assert client.get(page).status_code == 200, code
