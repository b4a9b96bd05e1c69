"""Bodies that are JSON, but hold what no database keeps."""

import pytest

from accounts.testing import make_owner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "value",
    [
        r'"a\u0000"',
        r'"\ud800"',
        r'{"\u0000": "x"}',
        r'["\udfff"]',
        "1e400",
        "[" * 100 + "]" * 100,
        "[" * 100_000,
    ],
)
def test_what_cannot_be_stored_is_refused(client, value):
    response = client.post("/api/v1/auth/login/", f'{{"email": {value}}}', content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_attributes_of_a_customer_hold_only_what_can_be_stored(client):
    client.force_login(make_owner(), backend="accounts.people.roles.RoleBackend")

    for value in (r'"\u0000"', r'"\ud800"', "1e400", *("[" * depth + "]" * depth for depth in range(65, 1000, 50))):
        body = f'{{"phone": "+79161234567", "attributes": {{"a": {value}}}}}'
        assert client.post("/api/v1/customers/", body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("value", ["[" * 66 + "]" * 66, "[" * 100_000, r'{"a": "\u0000"}', "[1e400]"])
def test_a_document_in_a_field_of_a_form_is_as_strict(client, value):
    client.force_login(make_owner(), backend="accounts.people.roles.RoleBackend")

    response = client.post("/api/v1/templates/upload-example/", {"whatsapp_number": value})

    assert (response.status_code, response.json()["code"]) == (400, "parse_error")
