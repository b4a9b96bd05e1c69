"""The pages before signing in, and what a form says there."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.forms import RegistrationForm
from accounts.models import Business, User
from accounts.testing import PASSWORD, make_owner

pytestmark = pytest.mark.django_db

TYPED = {"email": "anna@example.com", "password": PASSWORD, "business_name": "Tea house"}


def register(client=None, **changes):
    return (client or Client(headers={"accept-language": "en"})).post(reverse("register"), {**TYPED, **changes})


@pytest.mark.parametrize("field", ["email", "password", "business_name"])
def test_a_field_that_is_missing_is_marked_and_nobody_is_registered(field):
    page = register(**{field: ""})
    assert page.status_code == 200 and list(page.context["form"].errors) == [field]
    assert not User.objects.exists()


def test_a_name_of_ones_own_may_be_missing():
    assert register(name="").status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", f"{'x' * 250}@example.com"),
        ("business_name", "x" * 201),
        ("name", "x" * 151),
        ("password", "x" * 129),
    ],
)
def test_what_does_not_fit_is_marked_on_its_field(field, value):
    assert list(register(**{field: value}).context["form"].errors) == [field]


def test_a_weak_password_is_said_on_the_page():
    page = register(password="short")
    assert page.status_code == 200 and "password" in page.context["form"].errors
    assert not Business.objects.exists()


def test_the_page_does_not_send_the_password_back():
    assert PASSWORD not in register(email="no address").content.decode()


def test_what_was_typed_is_no_html_on_the_page():
    page = register(business_name="<script>alert(1)</script>", email="").content.decode()
    assert "<script>alert(1)" not in page


def test_the_language_of_the_page_is_that_of_the_business():
    register()
    assert Business.objects.get().language == "en"


def test_after_registering_the_session_has_a_new_key():
    client = Client()
    session = client.session
    session["planted"] = "x"
    session.save()
    register(client)
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    assert client.session.session_key != session.session_key


def test_somebody_signed_in_registers_no_second_business():
    client = Client()
    client.force_login(make_owner(), backend="accounts.people.roles.RoleBackend")
    assert register(client, email="other@example.com").status_code == 302
    assert Business.objects.count() == 1


def test_closed_registration_shows_no_form(settings):
    settings.REGISTRATION = "closed"
    page = Client(headers={"accept-language": "en"}).get(reverse("register"))
    assert (
        page.status_code == 403
        and "<form" not in page.content.decode().split('id="content-main"')[1].split("</div>")[0]
    )
    assert "Registration is closed here" in page.content.decode()


def test_a_form_without_a_token_of_its_own_is_refused():
    client = Client(enforce_csrf_checks=True)
    assert register(client).status_code == 403
    assert not User.objects.exists()


def test_a_form_keeps_why_nobody_was_registered():
    make_owner(email="anna@example.com")
    request = RequestFactory().post("/")
    request.user = AnonymousUser()
    form = RegistrationForm(TYPED)
    assert form.is_valid()
    assert form.register(request, "en") is None
    assert list(form.errors) == ["email"]


def test_too_many_registrations_are_said_on_the_page(settings):
    settings.REGISTRATION_RATE = "1/hour"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "page"}}
    register()
    page = register(email="boris@example.com")
    assert page.status_code == 200 and "Too many registrations" in page.content.decode()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["admin_password_reset", "password_reset_done", "password_reset_complete", "register"]
)
def test_every_page_before_signing_in_is_open_to_everybody(name):
    assert Client().get(reverse(name)).status_code == 200


def test_a_forgotten_password_does_not_tell_who_is_registered(mailoutbox):
    make_owner(email="anna@example.com")
    known, unknown = (
        Client().post(reverse("admin_password_reset"), {"email": email})
        for email in ("anna@example.com", "nobody@example.com")
    )
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mailoutbox) == 1


def test_an_invited_person_gets_no_letter_for_a_forgotten_password(mailoutbox):
    owner = make_owner()
    invited = User(email="boris@example.com", business=owner.business, role="operator")
    invited.set_unusable_password()
    invited.save()
    Client().post(reverse("admin_password_reset"), {"email": "boris@example.com"})
    assert not mailoutbox
