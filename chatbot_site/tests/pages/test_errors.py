"""What is answered when no view could."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from accounts.testing import make_colleague, make_owner
from chatbot_site import errors

pytestmark = pytest.mark.django_db


def test_an_unknown_address_of_the_api_is_json(client):
    response = client.get("/api/v1/nothing/", headers={"accept-language": "en"})
    assert response.status_code == 404
    assert response.json() == {
        "detail": "There is nothing at this address. /docs lists the addresses of the API.",
        "code": "not_found",
    }


def test_a_missing_page_says_so_in_the_language_of_the_reader(client):
    page = client.get("/nothing/", headers={"accept-language": "ru"})
    assert page.status_code == 404
    assert "Страница не найдена" in page.content.decode()
    assert "WhatsApp для бизнеса" in page.content.decode()


def test_a_forbidden_page_says_whom_to_ask(client):
    client.force_login(make_colleague(make_owner()))
    page = client.get("/admin/accounts/user/", headers={"accept-language": "ru"})
    assert page.status_code == 403
    assert "Обратитесь к владельцу компании" in page.content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/bots/"])
def test_an_error_of_ours_says_what_to_do(path):
    with translation.override("en"):
        response = errors.server_error(RequestFactory().get(path))
    assert response.status_code == 500
    assert "tell the administrator" in response.content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/bots/"])
def test_a_request_that_cannot_be_read_says_what_to_do(client, path):
    answer = client.get(path, headers={"host": "evil.example.com", "accept-language": "en"})
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()


def test_too_many_fields_are_refused_in_words(client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    owner = make_owner(language="en")
    client.force_login(owner)
    page = client.post("/admin/crm/tag/add/", {"name": "vip", "a": "1", "b": "2"})
    assert page.status_code == 400
    assert "Nothing was saved" in page.content.decode()


def test_a_form_that_was_open_for_too_long_says_what_to_do():
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "ru"})
    page = client.post("/admin/login/", {"username": "x", "password": "y"})
    text = page.content.decode()
    assert page.status_code == 403
    assert "обновите страницу" in text and 'href="/admin/"' in text
    assert "DEBUG" not in text and "<style" not in text


@pytest.mark.parametrize("template", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_every_error_page_has_a_way_back(template):
    assert 'class="button primary" href="/admin/"' in render_to_string(template)
