"""A form where JSON is meant is refused, and changes nothing: it cannot name what lies deeper, and would empty it."""

import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from chatbot_site.tests.tenancy.api_walk import ApiWalk, Route, api_routes
from chatbot_site.tests.tenancy.world import World, snapshot
from crm.models import Customer
from crm.testing import make_customer

pytestmark = pytest.mark.django_db

#: What people's programs send by mistake.
FORM = {"name": "Anna", "attributes": '{"city": "Kazan"}', "parameters": '{"1": "x"}'}


def content_types() -> dict[tuple[str, str], set[str]]:
    """The types of the body of each operation, by method and path, whose arguments are asterisks."""
    paths: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return {
        (method, re.sub(r"{[^}]+}", "*", path)): set(operation.get("requestBody", {}).get("content", {}))
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def types_of(route: Route, method: str, declared: dict[tuple[str, str], set[str]]) -> set[str]:
    return declared[method, re.sub(r"\(\?P<[^)]+\)|<[^>]+>", "*", route.path)]


def test_forms_are_taken_only_where_a_file_goes_up() -> None:
    takes_forms = {path for (_method, path), types in content_types().items() if "multipart/form-data" in types}

    assert takes_forms == {
        "/api/v1/conversations/*/messages/",
        "/api/v1/template-files/",
        "/api/v1/templates/upload-example/",
    }


def test_a_form_where_json_is_meant_is_refused_and_changes_nothing(meta: Any) -> None:
    world, declared = World("forms"), content_types()
    before = snapshot(world.business)
    client = Client(headers={"Authorization": f"Token {world.key}"})
    taken = []

    for route in api_routes():
        url = ApiWalk(client, route, world, world).own_url
        for method in route.methods & {"post", "patch", "put"}:
            if "application/json" not in (types := types_of(route, method, declared)) or len(types) > 1:
                continue
            for content_type in ("multipart/form-data; boundary=b", "application/x-www-form-urlencoded"):
                answer = client.generic(method, url, form_body(content_type), content_type=content_type)
                if answer.status_code != 415 or answer.json()["code"] != "unsupported_media_type":
                    taken.append(f"{method} {url} as {content_type}: {answer.status_code} {answer.content!r}")

    assert taken == []
    assert snapshot(world.business) == before


def form_body(content_type: str) -> str:
    if "multipart" not in content_type:
        return "name=Anna&attributes="
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in FORM.items()]
    return "".join(parts) + "--b--\r\n"


def test_the_refusal_says_which_type_to_send() -> None:
    customer = make_customer(attributes={"city": "Kazan"})
    owner = customer.business.people.get()
    api = APIClient(headers={"accept-language": "en"})
    api.force_authenticate(owner)

    answer = api.patch(f"/api/v1/customers/{customer.pk}/", {"attributes": "x"}, format="multipart")

    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]
    assert Customer.objects.get().attributes == {"city": "Kazan"}


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=b", "application/json"])
def test_an_import_that_is_no_file_is_refused(content_type: str) -> None:
    api = APIClient(headers={"accept-language": "en"})
    api.force_authenticate(make_customer().business.people.get())

    answer = api.post("/api/v1/customers/import/?apply=1", data=b"{}", content_type=content_type)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "text/csv" in answer.json()["detail"]
