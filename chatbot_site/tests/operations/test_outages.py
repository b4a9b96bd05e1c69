"""While the database or Redis is out of reach, whoever asks is told to try again: 503, and when."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory, override_settings

from accounts.testing import PASSWORD, make_owner
from chatbot_site import errors
from chatbot_site.operations.outages import is_temporary

REDIS_AWAY = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
}


@pytest.fixture
def signed_in(transactional_db: None) -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(make_owner(language="en"), backend="accounts.people.roles.RoleBackend")
    return client


@pytest.fixture
def database_away(signed_in: Client) -> Iterator[None]:
    """The database of this thread at an address where there is none."""
    connection.close()
    ours = connection.settings_dict
    nowhere = {"NAME": "/nonexistent/nothing.db"} if connection.vendor == "sqlite" else {"PORT": "9"}
    connection.settings_dict = {**ours, **nowhere}
    yield
    connection.close()
    connection.settings_dict = ours


def assert_unavailable(answer: Any) -> None:
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"


@pytest.mark.usefixtures("database_away")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/customers/"),
        ("get", "/api/v1/stats/"),
        ("post", "/api/v1/customers/"),
        ("delete", "/api/v1/customers/1/"),
        ("post", "/api/v1/auth/login/"),
        ("post", "/api/v1/auth/register/"),
    ],
)
def test_the_api_says_in_json_to_try_again(signed_in: Client, method: str, path: str) -> None:
    body = {"email": "a@example.com", "password": PASSWORD}
    body |= {"business_name": "Tea"} if "register" in path else {}

    answer = getattr(signed_in, method)(path, body if method == "post" else None, content_type="application/json")

    assert_unavailable(answer)
    assert answer.json()["code"] == "unavailable"
    assert "Try again" in answer.json()["detail"]


@pytest.mark.usefixtures("database_away")
def test_a_token_is_not_called_wrong(transactional_db: None) -> None:
    client = Client(raise_request_exception=False, headers={"Authorization": f"Token {'a' * 64}"})

    assert_unavailable(client.get("/api/v1/customers/"))


@pytest.mark.usefixtures("database_away")
@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/crm/customer/", "/admin/crm/customer/add/", "/register/", "/admin/login/"]
)
def test_a_page_says_to_try_again(signed_in: Client, path: str) -> None:
    answer = signed_in.get(path)

    assert_unavailable(answer)
    assert answer["Content-Type"].startswith("text/html")
    assert "Try again" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/auth/register/", "/register/"])
def test_registering_is_503_while_its_rate_cannot_be_counted(path: str, settings: Any) -> None:
    settings.REGISTRATION_RATE = "20/hour"
    client = Client(raise_request_exception=False)
    asked = {"email": "a@example.com", "password": PASSWORD, "business_name": "Tea"}
    as_json = {"content_type": "application/json"} if path.startswith("/api/") else {}

    with override_settings(CACHES=REDIS_AWAY):
        answer = client.post(path, asked, **as_json)

    assert_unavailable(answer)


@pytest.mark.django_db
def test_a_mistake_in_a_statement_is_no_outage() -> None:
    with pytest.raises(Exception) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")

    assert not is_temporary(raised.value)


def test_a_bug_is_still_500() -> None:
    try:
        raise KeyError("x")
    except KeyError:
        answer = errors.server_error(RequestFactory().get("/api/v1/bots/"))

    assert answer.status_code == 500
