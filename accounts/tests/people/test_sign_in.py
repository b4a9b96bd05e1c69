"""Signing in and out, tokens, passwords, and the guard against guessing."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken
from accounts.people.sign_in import client_address
from accounts.people.tokens import sign_in
from accounts.testing import PASSWORD, make_administrator, make_owner

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another battery staple"


@pytest.fixture
def owner():
    return make_owner(email="anna@example.com")


def log_in(email="anna@example.com", password=PASSWORD, **headers):
    return Client(headers=headers).post(
        "/api/v1/auth/login/", {"email": email, "password": password}, content_type="application/json"
    )


def call(key, path="/api/v1/auth/me/", method="get", **data):
    client = Client(headers={"Authorization": f"Token {key}"})
    return getattr(client, method)(path, data, content_type="application/json")


def test_who_signed_in_with_the_version_before_stays_signed_in(owner, client):
    client.force_login(owner, backend="accounts.roles.RoleBackend")
    assert client.get("/admin/crm/customer/").status_code == 200


def test_signing_in_answers_with_a_token(owner):
    answer = log_in("ANNA@example.com")
    assert call(answer.json()["token"]).json()["email"] == "anna@example.com"
    owner.refresh_from_db()
    assert owner.last_login is not None


def test_a_wrong_password_is_refused_with_a_code(owner):
    answer = log_in(password="wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")


def test_nobody_signs_in_who_may_not(owner):
    owner.is_active = False
    owner.save()
    assert log_in().status_code == 401


def test_five_wrong_passwords_lock_the_account_for_this_address(owner):
    for _ in range(4):
        assert log_in(password="wrong").status_code == 401
    assert log_in(password="wrong").json()["code"] == "locked_out"
    answer = log_in()
    assert (answer.status_code, answer.json()["code"]) == (429, "locked_out")


def test_another_spelling_of_the_email_does_not_get_round_the_lock(owner):
    for email in ("anna@example.com", "Anna@example.com", "ANNA@example.com", "aNNa@example.com", "annA@example.com"):
        log_in(email, "wrong")
    assert log_in().status_code == 429


def test_the_lock_ends(owner):
    for _ in range(5):
        log_in(password="wrong")
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert log_in().status_code == 200


def test_signing_in_forgives_failures(owner):
    for _ in range(4):
        log_in(password="wrong")
    assert log_in().status_code == 200
    assert log_in(password="wrong").status_code == 401


def test_other_people_are_not_locked_out(owner):
    make_owner(email="boris@example.com")
    for _ in range(5):
        log_in(password="wrong")
    assert log_in("boris@example.com").status_code == 200


def test_the_admin_says_so_on_a_page(owner, client):
    for _ in range(5):
        answer = client.post(reverse("admin:login"), {"username": "anna@example.com", "password": "wrong"})
    assert answer.status_code == 429
    assert answer["Content-Type"].startswith("text/html")
    assert 'class="errornote"' in answer.content.decode() and "15" in answer.content.decode()


def test_the_admin_is_opened_by_email_and_password(owner, client):
    answer = client.post(reverse("admin:login"), {"username": "Anna@example.com", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get(reverse("admin:password_change")).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.1"),
        (1, "nonsense", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_the_address_is_taken_from_as_many_proxies_as_are_trusted(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == address


def test_signing_out_ends_the_token(owner):
    key = sign_in(owner)
    assert call(key, "/api/v1/auth/logout/", "post").status_code == 204
    assert call(key).status_code == 401


def test_signing_out_ends_the_browsers_session(owner, client):
    client.force_login(owner)
    assert client.post("/api/v1/auth/logout/").status_code == 204
    assert client.get("/api/v1/auth/me/").status_code == 401


def test_a_sign_in_lives_30_days_and_is_renewed_by_use(owner):
    key, now = sign_in(owner), timezone.now()
    with time_machine.travel(now + timedelta(days=29)):
        assert call(key).status_code == 200
    with time_machine.travel(now + timedelta(days=58)):
        assert call(key).status_code == 200
    with time_machine.travel(now + timedelta(days=89)):
        assert call(key).status_code == 401


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token nonsense", "Token \xff\xfe", "Bearer x"])
def test_a_token_that_is_none_is_401(header):
    assert Client(headers={"Authorization": header}).get("/api/v1/auth/me/").status_code == 401


def test_a_platform_administrator_is_told_that_the_api_is_for_businesses():
    assert call(sign_in(make_administrator())).json()["code"] == "permission_denied"


def test_one_changes_ones_name_and_language(owner):
    key = sign_in(owner)
    assert call(key, method="patch", name="Anna", language="en").json()["name"] == "Anna"
    owner.refresh_from_db()
    assert (owner.name, owner.language) == ("Anna", "en")


@pytest.mark.parametrize("field", ["email", "role", "business", "is_superuser", "password", "groups"])
def test_one_does_not_change_who_one_is(owner, field):
    before = (owner.email, owner.role, owner.business_id, owner.is_superuser, owner.password)
    call(sign_in(owner), method="patch", **{field: "operator"})
    owner.refresh_from_db()
    assert (owner.email, owner.role, owner.business_id, owner.is_superuser, owner.password) == before


def change_password(key, old=PASSWORD, new=NEW_PASSWORD):
    return call(key, "/api/v1/auth/change-password/", "post", old_password=old, new_password=new)


def test_a_new_password_ends_every_sign_in_and_gives_a_new_token(owner):
    key, elsewhere = sign_in(owner), sign_in(owner)
    fresh = change_password(key).json()["token"]
    assert [call(token).status_code for token in (key, elsewhere, fresh)] == [401, 401, 200]
    assert log_in(password=NEW_PASSWORD).status_code == 200


def test_programs_go_on_after_a_new_password(owner):
    token, key = ApiToken.objects.create(user=owner, name="Shop", role="manager")
    change_password(sign_in(owner))
    assert call(key).status_code == 200


def test_the_old_password_is_needed(owner):
    answer = change_password(sign_in(owner), old="wrong")
    assert (answer.status_code, list(answer.json())) == (400, ["old_password"])
    assert log_in().status_code == 200


def test_a_stolen_token_cannot_guess_the_password(owner):
    key = sign_in(owner)
    for _ in range(5):
        answer = change_password(key, old="wrong")
    assert (answer.status_code, answer.json()["code"]) == (429, "locked_out")


def test_a_weak_new_password_is_refused(owner):
    assert list(change_password(sign_in(owner), new="12345").json()) == ["new_password"]


def test_a_password_changed_in_the_admin_ends_the_sign_ins_too(owner, client):
    key = sign_in(owner)
    client.force_login(owner)
    data = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert client.post(reverse("admin:password_change"), data).status_code == 302
    assert call(key).status_code == 401


def test_a_forgotten_password_is_reset_by_email(owner, client, mailoutbox):
    assert reverse("admin_password_reset") in client.get(reverse("admin:login")).content.decode()
    client.post(reverse("admin_password_reset"), {"email": "anna@example.com"})
    link = next(line for line in mailoutbox[0].body.splitlines() if "/password-reset/" in line)
    page = client.get(link, follow=True)
    data = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], data)
    assert log_in(password=NEW_PASSWORD).status_code == 200
