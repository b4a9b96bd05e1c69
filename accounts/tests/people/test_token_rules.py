"""What an API token may be, and whose it is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, Deletion, Role
from accounts.people.tokens import issue, sign_in
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db

TOKENS = "/api/v1/tokens/"


@pytest.fixture
def owner():
    return make_owner()


def call(person, path=TOKENS, method="get", **data):
    client = Client(headers={"Authorization": f"Token {sign_in(person)}"})
    return getattr(client, method)(path, data, content_type="application/json")


def make_token(user, name="Till", role="operator"):
    token = ApiToken(user=user, name=name, role=role)
    issue(token)
    return token


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("role", ""),
        ("role", "boss"),
        ("expires_at", "tomorrow"),
        ("expires_at", "2031-12-05T10:00"),
        ("expires_at", "0001-01-01T00:00"),
        ("expires_at", "9999-12-31T23:59"),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("key", "mine"),
    ],
)
def test_a_token_that_cannot_be_is_refused_on_its_field(owner, field, value):
    answer = call(owner, method="post", **{"name": "Till", "role": "manager", field: value})
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not ApiToken.objects.exclude(name="").exists()


def test_a_token_belongs_to_whoever_makes_it(owner):
    stranger = make_owner()
    answer = call(owner, method="post", name="Till", role="operator", user=stranger.pk)
    assert ApiToken.objects.exclude(name="").get().user == owner and answer.json()["user"] == owner.pk


def test_the_key_is_stored_nowhere(owner):
    key = call(owner, method="post", name="Till", role="operator").json()["token"]
    stored = ApiToken.objects.exclude(name="").values().get()
    assert key not in {str(value) for value in stored.values()}
    assert len(stored["token_key"]) < len(key) // 2


def test_two_tokens_of_one_name_have_different_keys(owner):
    keys = {call(owner, method="post", name="Till", role="operator").json()["token"] for _ in range(2)}
    assert len(keys) == 2


def test_another_businesss_tokens_are_not_listed(owner):
    make_token(make_owner())
    assert call(owner).json()["results"] == []


def test_another_businesss_token_is_not_deleted(owner):
    token = make_token(make_owner())
    theirs, missing = call(owner, f"{TOKENS}{token.token_key}/", "delete"), call(owner, f"{TOKENS}none/", "delete")
    assert (theirs.status_code, theirs.json()) == (missing.status_code, missing.json())
    assert theirs.status_code == 404 and ApiToken.objects.filter(pk=token.pk).exists()


def test_an_owner_deletes_a_colleagues_token(owner):
    token = make_token(make_colleague(owner, Role.MANAGER))
    assert call(owner, f"{TOKENS}{token.token_key}/", "delete").status_code == 204
    assert not ApiToken.objects.filter(pk=token.pk).exists()


def test_a_sign_in_is_not_deleted_as_a_token(owner):
    sign_in(make_colleague(owner))
    held = ApiToken.objects.get()
    assert call(owner, f"{TOKENS}{held.token_key}/", "delete").status_code == 404


@pytest.mark.parametrize("method", ["patch", "put", "get"])
def test_a_token_is_not_changed_afterwards(owner, method):
    token = make_token(owner)
    assert call(owner, f"{TOKENS}{token.token_key}/", method).status_code == 405


def test_a_program_of_an_owner_may_not_make_tokens_with_a_lesser_role(owner):
    token = ApiToken(user=owner, name="Till", role="manager")
    client = Client(headers={"Authorization": f"Token {issue(token)}"})
    answer = client.post(TOKENS, {"name": "Mine", "role": "owner"}, content_type="application/json")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("persons", "tokens", "acts_as"),
    [
        ("owner", "owner", "owner"),
        ("owner", "operator", "operator"),
        ("manager", "owner", "manager"),
        ("operator", "manager", "operator"),
    ],
)
def test_the_lesser_role_counts(owner, persons, tokens, acts_as):
    key = issue(ApiToken(user=make_colleague(owner, persons), name="Till", role=tokens))
    me = Client(headers={"Authorization": f"Token {key}"}).get("/api/v1/auth/me/").json()
    assert me["role"] == acts_as


def test_a_token_is_not_renewed_by_use(owner):
    token = ApiToken(user=owner, name="Till", role="owner", expiry=timezone.now() + timedelta(minutes=30))
    key = issue(token)
    assert Client(headers={"Authorization": f"Token {key}"}).get("/api/v1/auth/me/").status_code == 200
    assert ApiToken.objects.get(pk=token.pk).expiry == token.expiry


def test_of_somebody_switched_off_no_token_works(owner):
    colleague = make_colleague(owner)
    key = issue(ApiToken(user=colleague, name="Till", role="operator"))
    type(colleague).objects.filter(pk=colleague.pk).update(is_active=False)
    assert Client(headers={"Authorization": f"Token {key}"}).get("/api/v1/auth/me/").status_code == 401


def test_signing_out_with_a_programs_token_ends_that_token_alone(owner):
    key, other = (issue(ApiToken(user=owner, name=name, role="owner")) for name in ("Till", "Site"))
    Client(headers={"Authorization": f"Token {key}"}).post("/api/v1/auth/logout/")
    statuses = [
        Client(headers={"Authorization": f"Token {held}"}).get("/api/v1/auth/me/").status_code for held in (key, other)
    ]
    assert statuses == [401, 200]


# In the admin


@pytest.fixture
def browser(owner, client):
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client


def test_the_admin_shows_no_sign_ins(browser, owner):
    sign_in(owner)
    make_token(owner, "Till of the shop")
    page = browser.get(reverse("admin:accounts_apitoken_changelist"))
    assert [token.name for token in page.context["cl"].result_list] == ["Till of the shop"]


def test_the_admin_changes_no_token(browser, owner):
    token = make_token(owner)
    url = reverse("admin:accounts_apitoken_change", args=[token.pk])
    assert browser.post(url, {"name": "Other", "role": "owner"}).status_code == 403
    assert ApiToken.objects.get(pk=token.pk).role == "operator"


def test_the_admin_opens_no_token_of_another_business(browser):
    token = make_token(make_owner())
    assert browser.get(reverse("admin:accounts_apitoken_change", args=[token.pk])).status_code == 302


def test_the_admin_deletes_a_token_without_a_receipt(browser, owner):
    token = make_token(owner)
    browser.post(reverse("admin:accounts_apitoken_delete", args=[token.pk]), {"post": "yes"})
    assert not ApiToken.objects.exists() and not Deletion.objects.exists()


def test_the_admin_deletes_chosen_tokens_of_the_business_alone(browser, owner):
    mine, theirs = make_token(owner), make_token(make_owner())
    data = {"action": "delete_selected", "_selected_action": [mine.pk, theirs.pk], "post": "yes"}
    browser.post(reverse("admin:accounts_apitoken_changelist"), data)
    assert list(ApiToken.objects.all()) == [theirs]


def test_a_platform_administrator_adds_no_token(client):
    client.force_login(make_administrator(), backend="accounts.people.roles.RoleBackend")
    assert client.get(reverse("admin:accounts_apitoken_add")).status_code == 403
