"""Guessing a password: every place that asks for one counts, and locks."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, Business, User
from accounts.people.sign_in import attempted_email, client_address, sign_everybody_out
from accounts.people.tokens import issue, sign_in
from accounts.testing import PASSWORD, make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db

LOG_IN = "/api/v1/auth/login/"
BUSINESS = "/api/v1/business/"


@pytest.fixture
def owner():
    return make_owner("Tea house", email="anna@example.com")


@pytest.fixture
def browser(owner, client):
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client


def delete_on_page(browser, business, password):
    data = {"post": "yes", f"name-{business.pk}-typed": business.name, "password": password}
    return browser.post(reverse("admin:accounts_business_delete", args=[business.pk]), data)


def delete_by_api(owner, password):
    client = Client(headers={"Authorization": f"Token {sign_in(owner)}"})
    return client.delete(BUSINESS, {"password": password}, content_type="application/json")


def log_in(password=PASSWORD, email="anna@example.com", **extra):
    return Client().post(LOG_IN, {"email": email, "password": password}, content_type="application/json", **extra)


def test_a_wrong_password_deletes_no_business(browser, owner):
    page = delete_on_page(browser, owner.business, "wrong")
    assert page.status_code == 200 and Business.objects.exists()


def test_no_password_deletes_no_business_and_counts_as_no_failure(browser, owner):
    for _ in range(6):
        delete_on_page(browser, owner.business, "")
    assert Business.objects.exists()
    assert log_in().status_code == 200


def test_the_right_password_without_the_name_deletes_no_business(browser, owner):
    url = reverse("admin:accounts_business_delete", args=[owner.business.pk])
    browser.post(url, {"post": "yes", "password": PASSWORD})
    assert Business.objects.exists()


def test_the_name_without_a_password_field_deletes_no_business(browser, owner):
    url = reverse("admin:accounts_business_delete", args=[owner.business.pk])
    browser.post(url, {"post": "yes", f"name-{owner.business.pk}-typed": "Tea house"})
    assert Business.objects.exists()


def test_after_five_wrong_passwords_the_page_takes_not_even_the_right_one(browser, owner):
    for _ in range(5):
        delete_on_page(browser, owner.business, "wrong")
    answer = delete_on_page(browser, owner.business, PASSWORD)
    assert Business.objects.exists()
    page = browser.get(answer["Location"]) if answer.status_code == 302 else answer
    assert "15" in page.content.decode()


def test_who_guessed_on_the_page_is_locked_out_of_signing_in(browser, owner):
    for _ in range(5):
        delete_on_page(browser, owner.business, "wrong")
    assert log_in().json()["code"] == "locked_out"


def test_the_api_refuses_a_wrong_password_on_its_field(owner):
    answer = delete_by_api(owner, "wrong")
    assert (answer.status_code, list(answer.json())) == (400, ["password"])
    assert Business.objects.exists()


def test_the_api_needs_a_password_to_delete_a_business(owner):
    client = Client(headers={"Authorization": f"Token {sign_in(owner)}"})
    answer = client.delete(BUSINESS, {}, content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["password"])


def test_after_five_wrong_passwords_the_api_takes_not_even_the_right_one(owner):
    for _ in range(5):
        delete_by_api(owner, "wrong")
    answer = delete_by_api(owner, PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (429, "locked_out")
    assert Business.objects.exists()


def test_guesses_at_different_places_are_counted_together(browser, owner):
    for _ in range(2):
        delete_by_api(owner, "wrong")
        delete_on_page(browser, owner.business, "wrong")
    log_in("wrong")
    assert log_in().json()["code"] == "locked_out"


def test_anothers_password_deletes_no_business(owner):
    colleague = make_colleague(owner, "owner")
    colleague.set_password("a battery of horses")
    colleague.save()
    assert delete_by_api(owner, "a battery of horses").status_code == 400


@pytest.mark.parametrize("role", ["manager", "operator"])
def test_with_the_right_password_a_colleague_deletes_no_business(owner, role):
    assert delete_by_api(make_colleague(owner, role), PASSWORD).status_code == 403
    assert Business.objects.exists()


def test_the_right_password_deletes_the_business_and_ends_the_sign_in(owner):
    assert delete_by_api(owner, PASSWORD).status_code == 204
    assert not User.objects.exists() and not ApiToken.objects.exists()


def test_a_platform_administrator_deletes_by_the_name_alone(owner, client):
    client.force_login(make_administrator(), backend="accounts.people.roles.RoleBackend")
    url = reverse("admin:accounts_business_delete", args=[owner.business.pk])
    client.post(url, {"post": "yes", f"name-{owner.business.pk}-typed": "Tea house"})
    assert not Business.objects.exists()


def test_the_lock_counts_for_one_address(owner):
    for _ in range(5):
        log_in("wrong", REMOTE_ADDR="10.0.0.1")
    assert log_in(REMOTE_ADDR="10.0.0.1").status_code == 429
    assert log_in(REMOTE_ADDR="10.0.0.2").status_code == 200


def test_a_forged_header_does_not_get_round_the_lock(owner):
    for serial in range(5):
        log_in("wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{serial}")
    assert log_in(HTTP_X_FORWARDED_FOR="10.0.0.9").status_code == 429


def test_behind_a_proxy_each_caller_has_a_lock_of_their_own(owner, settings):
    settings.TRUSTED_PROXIES = 1
    for _ in range(5):
        log_in("wrong", HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert log_in(HTTP_X_FORWARDED_FOR="203.0.113.7").status_code == 429
    assert log_in(HTTP_X_FORWARDED_FOR="203.0.113.8").status_code == 200


def test_an_email_nobody_has_is_locked_like_any_other(owner):
    answers = [log_in("wrong", "nobody@example.com") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429]


def test_an_unknown_email_and_a_wrong_password_get_the_same_answer(owner):
    unknown, wrong = log_in("wrong", "nobody@example.com"), log_in("wrong")
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json())


def test_more_failures_while_locked_do_not_shorten_the_lock(owner):
    for _ in range(8):
        log_in("wrong")
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        assert log_in().status_code == 429


@pytest.mark.parametrize("credentials", [{"username": " Anna@Example.com "}, None, {}])
def test_failures_are_counted_under_one_spelling_of_the_email(credentials):
    request = RequestFactory().post("/", {"username": " Anna@Example.com "})
    assert attempted_email(request, credentials) == "anna@example.com"


def test_on_a_unix_socket_there_is_no_address():
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None


@pytest.mark.parametrize("address", ["2001:db8::1", "203.0.113.7"])
def test_a_proxy_may_name_an_address_of_either_kind(settings, address):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", headers={"X-Forwarded-For": f"6.6.6.6,  {address} "})
    assert client_address(request) == address


@pytest.mark.parametrize("forged", ["<script>", "1.2.3.4:80", "1.2.3", "1.2.3.4 5"])
def test_what_is_no_address_is_not_believed(settings, forged):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forged}, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == "10.0.0.1"


def test_signing_everybody_out_leaves_programs_their_tokens(owner, browser):
    key, program = sign_in(owner), issue(ApiToken(user=owner, name="Till", role="operator"))
    sign_everybody_out()
    assert not Session.objects.exists()
    statuses = [
        Client(headers={"Authorization": f"Token {held}"}).get("/api/v1/auth/me/").status_code
        for held in (key, program)
    ]
    assert statuses == [401, 200]
    assert browser.get(reverse("admin:index")).status_code == 302
