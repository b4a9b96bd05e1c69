"""The language and the time zone in which a request is answered, and after which none of them is left over."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from accounts.middleware import UserPreferencesMiddleware
from accounts.models import User
from accounts.testing import make_administrator, make_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    owner = make_owner(language="en")
    owner.business.time_zone = "Asia/Yekaterinburg"
    owner.business.save()
    return owner


def seen_by(user):
    """The time zone and the language in which the view of a request runs."""
    seen = []

    def view(request):
        seen.extend([timezone.get_current_timezone_name(), translation.get_language()])
        return HttpResponse()

    request = RequestFactory().get("/")
    request.user = user
    UserPreferencesMiddleware(view)(request)
    return seen


def test_a_person_sees_the_times_of_their_business_in_their_language(owner):
    assert seen_by(owner) == ["Asia/Yekaterinburg", "en"]


def test_a_person_without_a_language_sees_that_of_the_request(owner):
    owner.language = ""
    with translation.override("ru"):
        assert seen_by(owner)[1] == "ru"


def test_a_platform_administrator_sees_the_times_of_the_installation(settings):
    assert seen_by(make_administrator())[0] == settings.TIME_ZONE


def test_nobody_signed_in_sees_the_installations(settings):
    assert seen_by(AnonymousUser()) == [settings.TIME_ZONE, settings.LANGUAGE_CODE]


def test_the_next_request_has_no_time_zone_of_this_one(owner, settings):
    seen_by(owner)
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE


def test_not_even_when_this_one_failed(owner, settings):
    def fail(request):
        raise RuntimeError

    request = RequestFactory().get("/")
    request.user = owner
    with pytest.raises(RuntimeError):
        UserPreferencesMiddleware(fail)(request)
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE


def test_the_language_is_not_switched_by_following_a_link(client):
    assert client.get(reverse("set_language"), {"language": "en"}).status_code == 405


def test_the_switch_changes_nobody_but_who_pressed_it(owner):
    other = make_owner(language="en")
    client = Client()
    client.force_login(other, backend="accounts.people.roles.RoleBackend")
    client.post(reverse("set_language"), {"language": "ru"})
    assert User.objects.get(pk=owner.pk).language == "en"
    assert User.objects.get(pk=other.pk).language == "ru"


def test_the_switch_signs_nobody_out(owner):
    client = Client()
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    client.post(reverse("set_language"), {"language": "ru"})
    assert client.get(reverse("admin:password_change")).status_code == 200


def test_the_switch_without_a_token_of_the_page_is_refused(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    assert client.post(reverse("set_language"), {"language": "ru"}).status_code == 403
    assert User.objects.get(pk=owner.pk).language == "en"
