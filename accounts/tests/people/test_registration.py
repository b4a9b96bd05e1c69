"""Opening a business, by API and by page."""

import pytest
from django.urls import reverse

from accounts.models import ApiToken, Business, User
from accounts.testing import PASSWORD, make_owner

pytestmark = pytest.mark.django_db

ASKED = {"email": "Anna@Example.com", "password": PASSWORD, "business_name": "Tea house"}


@pytest.fixture
def register(client):
    def post(**changes):
        return client.post("/api/v1/auth/register/", {**ASKED, **changes}, content_type="application/json")

    return post


@pytest.fixture
def register_on_page(client):
    def post(**changes):
        return client.post(reverse("register"), {**ASKED, **changes})

    return post


def test_registering_answers_with_a_token_the_person_and_the_business(register):
    answer = register()
    assert answer.status_code == 201
    body = answer.json()
    owner = User.objects.get(email="anna@example.com")
    assert (body["user"]["id"], body["user"]["role"], body["business"]["name"]) == (owner.pk, "owner", "Tea house")
    assert ApiToken.objects.get().user == owner


def test_the_token_works_at_once(register, client):
    token = register().json()["token"]
    answer = client.get("/api/v1/auth/me/", headers={"Authorization": f"Token {token}"})
    assert answer.json()["email"] == "anna@example.com"


def test_a_new_business_is_on_the_default_plan(register, settings):
    settings.DEFAULT_PLAN = "trial"
    register()
    subscription = Business.objects.get().subscription
    assert (subscription.plan, subscription.status) == ("trial", "trial")


def test_a_taken_email_is_refused_however_it_is_spelled(register):
    make_owner(email="anna@example.com")
    answer = register(email="ANNA@example.com")
    assert (answer.status_code, list(answer.json())) == (400, ["email"])
    assert Business.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "anna@example.com"])
def test_a_weak_password_is_refused(register, password):
    answer = register(password=password)
    assert (answer.status_code, list(answer.json())) == (400, ["password"])
    assert not User.objects.exists()


def test_what_is_missing_is_named(register):
    assert set(register(email="", business_name="").json()) == {"email", "business_name"}


def test_closed_registration_is_refused_by_api_and_page(register, register_on_page, settings):
    settings.REGISTRATION = "closed"
    answer = register()
    assert (answer.status_code, answer.json()["code"]) == (403, "registration_closed")
    assert register_on_page().status_code == 403
    assert not User.objects.exists()


def test_too_many_registrations_from_one_address_are_refused(register, register_on_page, settings, client):
    settings.REGISTRATION_RATE = "2/hour"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "rate"}}
    register(email="a@example.com")
    register_on_page(email="b@example.com")
    answer = register(email="c@example.com")
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert User.objects.count() == 2


def test_the_page_registers_and_signs_in(register_on_page, client):
    answer = register_on_page(name="Anna")
    assert answer.status_code == 302 and answer["Location"] == reverse("admin:index")
    assert client.get(reverse("admin:password_change")).status_code == 200


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(register_on_page):
    make_owner(email="anna@example.com")
    page = register_on_page().content.decode()
    assert "already registered" in page or "уже" in page
    assert "Tea house" in page


def test_somebody_signed_in_is_sent_on(client):
    client.force_login(make_owner())
    assert client.get(reverse("register")).status_code == 302


def test_the_login_page_and_the_register_page_lead_to_each_other(client, settings):
    assert reverse("register") in client.get(reverse("admin:login")).content.decode()
    assert reverse("admin:login") in client.get(reverse("register")).content.decode()
    settings.REGISTRATION = "closed"
    assert reverse("register") not in client.get(reverse("admin:login")).content.decode()
