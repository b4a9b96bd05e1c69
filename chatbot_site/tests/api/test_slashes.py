"""An address of the API without the slash at its end: never a POST that looks done and is not."""

from typing import Any

import pytest
from django.test import Client

from accounts.testing import make_owner
from crm.models import Tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(make_owner(), backend="accounts.people.roles.RoleBackend")
    return client


@pytest.mark.parametrize("method", ["post", "patch", "put", "delete"])
@pytest.mark.parametrize("debug", [False, True])
def test_a_write_without_the_slash_is_sent_on_as_it_is(
    signed_in: Client, settings: Any, method: str, debug: bool
) -> None:
    settings.DEBUG = debug

    answer = getattr(signed_in, method)("/api/v1/tags?x=1", {"name": "vip"}, content_type="application/json")

    assert (answer.status_code, answer["Location"]) == (308, "/api/v1/tags/?x=1")


def test_a_client_that_follows_does_what_was_asked(signed_in: Client) -> None:
    answer = signed_in.post("/api/v1/tags", {"name": "vip"}, content_type="application/json", follow=True)

    assert answer.status_code == 201
    assert Tag.objects.get().name == "vip"


def test_reading_without_the_slash_is_sent_on(signed_in: Client) -> None:
    assert signed_in.get("/api/v1/tags", follow=True).status_code == 200


def test_a_write_over_http_is_sent_on_to_https_as_it_is(signed_in: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True

    answer = signed_in.post("/api/v1/tags/", {"name": "vip"}, content_type="application/json")

    assert (answer.status_code, answer["Location"]) == (308, "https://testserver/api/v1/tags/")


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v2/", "/api/v1/nothing", "/api/v1/nothing/", "/api/v1/tags/1/2"]
)
@pytest.mark.parametrize("method", ["get", "post", "patch", "put", "delete"])
def test_an_unknown_address_below_api_is_a_json_404(signed_in: Client, method: str, path: str) -> None:
    answer = getattr(signed_in, method)(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
