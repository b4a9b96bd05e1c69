"""In which language somebody is answered."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.people.tokens import sign_in
from accounts.testing import make_colleague, make_owner

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"


def language_of(client, path=LOGIN, **headers):
    return client.get(path, headers=headers)["Content-Language"]


def test_the_default_is_the_installations(client):
    assert language_of(client) == "ru"


def test_the_browsers_wish_comes_before_the_default(client):
    assert language_of(client, **{"Accept-Language": "en"}) == "en"


def test_the_switch_comes_before_the_browsers_wish(client):
    client.post(reverse("set_language"), {"language": "en", "next": LOGIN})
    assert language_of(client, **{"Accept-Language": "ru"}) == "en"


def test_a_persons_language_wins_on_every_device(client):
    owner = make_owner()
    client.force_login(owner)
    client.post(reverse("set_language"), {"language": "en", "next": "/admin/"})
    owner.refresh_from_db()
    assert owner.language == "en"
    elsewhere = Client()
    elsewhere.force_login(owner)
    assert language_of(elsewhere, reverse("admin:password_change"), **{"Accept-Language": "ru"}) == "en"


def test_a_language_we_do_not_speak_is_not_kept(client):
    owner = make_owner()
    client.force_login(owner)
    client.post(reverse("set_language"), {"language": "fr"})
    owner.refresh_from_db()
    assert owner.language == ""


def test_the_switch_does_not_lead_to_other_sites(client):
    answer = client.post(reverse("set_language"), {"language": "en", "next": "https://evil.example/"})
    assert "evil" not in answer["Location"]


@pytest.mark.parametrize("path", [LOGIN, "/register/", "/admin/password_change/"])
def test_every_page_has_the_switch(client, path):
    if "password" in path:
        client.force_login(make_owner())
    page = client.get(path).content.decode()
    assert f'action="{reverse("set_language")}"' in page and 'value="en"' in page


def sentence(language="", **headers):
    """What the API says about an empty name."""
    owner = make_owner(language=language)
    client = Client(headers={"Authorization": f"Token {sign_in(owner)}", **headers})
    answer = client.patch("/api/v1/business/", {"name": ""}, content_type="application/json")
    return answer.json()["name"][0]


def test_the_api_speaks_the_persons_language_first():
    assert sentence("en", **{"Accept-Language": "ru"}) == "This field may not be blank."


def test_the_api_speaks_the_callers_language():
    assert sentence(**{"Accept-Language": "en"}) == "This field may not be blank."


def test_the_api_speaks_the_installations_language_otherwise():
    assert sentence() == "Это поле не может быть пустым."


def test_who_may_not_is_told_in_their_language():
    colleague = make_colleague(make_owner())
    colleague.language = "en"
    colleague.save()
    client = Client(headers={"Authorization": f"Token {sign_in(colleague)}", "Accept-Language": "ru"})
    detail = client.get("/api/v1/team/").json()["detail"]
    assert detail == "Your role does not allow this. Ask the owner of the business."
