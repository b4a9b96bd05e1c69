"""Tokens for programs."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, Role, User
from accounts.people.tokens import sign_in
from accounts.testing import make_colleague, make_owner

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/tokens/"


@pytest.fixture
def owner():
    return make_owner()


def call(key, path=TOKENS, method="get", **data):
    client = Client(headers={"Authorization": f"Token {key}"})
    return getattr(client, method)(path, data, content_type="application/json")


def make_key(owner, role="owner", **fields):
    return call(sign_in(owner), method="post", name="Shop", role=role, **fields).json()["token"]


def test_the_key_is_shown_once(owner):
    key = sign_in(owner)
    made = call(key, method="post", name="Shop", role="manager").json()
    assert call(made["token"], "/api/v1/auth/me/").status_code == 200
    (listed,) = call(key).json()["results"]
    assert "token" not in listed and (listed["name"], listed["role"]) == ("Shop", "manager")
    assert made["token"] not in str(call(key).json())


def test_a_program_acts_with_its_own_role(owner):
    key = make_key(owner, "operator")
    assert call(key, "/api/v1/auth/me/").json()["role"] == "operator"
    assert call(key).status_code == 403


def test_a_program_never_has_more_rights_than_its_person(owner):
    colleague = make_colleague(owner, Role.OPERATOR)
    token, key = ApiToken.objects.create(user=colleague, name="Shop", role="owner")
    assert call(key).status_code == 403


def test_a_program_with_a_lesser_role_does_not_demote_its_person(owner):
    call(make_key(owner, "operator"), "/api/v1/auth/me/", "patch", name="Anna")
    owner.refresh_from_db()
    assert (owner.name, owner.role) == ("Anna", Role.OWNER)


def test_a_token_ends_when_it_was_said_to_however_much_it_is_used(owner):
    now = timezone.now()
    key = make_key(owner, expires_at=(now + timedelta(days=40)).isoformat())
    with time_machine.travel(now + timedelta(days=39)):
        assert call(key, "/api/v1/auth/me/").status_code == 200
    with time_machine.travel(now + timedelta(days=41)):
        assert call(key, "/api/v1/auth/me/").status_code == 401


def test_a_token_without_an_end_does_not_end(owner):
    key = make_key(owner)
    with time_machine.travel(timezone.now() + timedelta(days=3000)):
        assert call(key, "/api/v1/auth/me/").status_code == 200


def test_an_end_in_the_past_is_refused(owner):
    answer = call(sign_in(owner), method="post", name="Shop", role="owner", expires_at="2020-01-01T00:00:00Z")
    assert (answer.status_code, list(answer.json())) == (400, ["expires_at"])


def test_a_deleted_token_is_no_longer_accepted(owner):
    key = make_key(owner)
    (listed,) = call(sign_in(owner)).json()["results"]
    assert call(sign_in(owner), f"{TOKENS}{listed['id']}/", "delete").status_code == 204
    assert call(key, "/api/v1/auth/me/").status_code == 401


@pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, 200), (Role.OPERATOR, 403)])
def test_managers_look_at_tokens_and_operators_do_not(owner, role, status):
    key = sign_in(make_colleague(owner, role))
    assert call(key).status_code == status
    assert call(key, method="post", name="Shop", role="operator").status_code == 403


def test_sign_ins_are_not_listed(owner):
    sign_in(owner)
    assert call(sign_in(owner)).json()["results"] == []


def test_the_tokens_of_a_removed_person_end(owner):
    colleague = make_colleague(owner)
    token, key = ApiToken.objects.create(user=colleague, name="Shop", role="operator")
    User.objects.filter(pk=colleague.pk).delete()
    assert call(key, "/api/v1/auth/me/").status_code == 401


def test_the_admin_shows_the_key_once(owner, client):
    client.force_login(owner)
    page = client.post(
        reverse("admin:accounts_apitoken_add"),
        {"name": "Shop", "role": "manager", "expiry_0": "", "expiry_1": ""},
        follow=True,
    ).content.decode()
    token = ApiToken.objects.get()
    assert token.user == owner and token.token_key in page
    again = client.get(reverse("admin:accounts_apitoken_changelist")).content.decode()
    assert "Shop" in again and token.token_key not in again


def test_the_admin_shows_an_end_in_the_past_on_its_field(owner, client):
    client.force_login(owner)
    page = client.post(
        reverse("admin:accounts_apitoken_add"),
        {"name": "Shop", "role": "manager", "expiry_0": "2020-01-01", "expiry_1": "10:00"},
    )
    assert list(page.context["adminform"].form.errors) == ["expiry"]
    assert not ApiToken.objects.exists()
