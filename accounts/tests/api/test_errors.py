"""How the API says no."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from rest_framework.exceptions import NotFound

from accounts.api.errors import exception_handler
from accounts.refusals import Refusal


def answer(exception):
    response = exception_handler(exception, {})
    return response.status_code, response.data


def test_a_refusal_has_its_status_code_and_sentence():
    assert answer(Refusal("plan_limit", "Too many.")) == (409, {"detail": "Too many.", "code": "plan_limit"})


def test_what_django_refuses_has_a_code():
    assert answer(NotFound())[1]["code"] == "not_found"


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ValidationError({"phone": "Not a phone."}), {"phone": ["Not a phone."]}),
        (ValidationError("Not like this."), {"non_field_errors": ["Not like this."]}),
    ],
)
def test_what_a_domain_function_finds_wrong_is_400_by_field(error, body):
    assert answer(error) == (400, body)


def test_two_that_save_the_same_at_once_are_told_so():
    status, body = answer(IntegrityError("UNIQUE constraint failed"))
    assert (status, body["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('"\\u0000"', id="NUL"),
        pytest.param('{"\\u0000": 1}', id="NUL in a key"),
        pytest.param('"\\ud800"', id="half a character"),
        pytest.param("NaN", id="not a number"),
        pytest.param("[" * 100_000, id="nesting"),
    ],
)
def test_what_a_database_cannot_keep_is_no_json(value, client):
    body = f'{{"email": {value}, "password": "x"}}'
    response = client.post("/api/v1/auth/login/", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


def test_a_bug_is_not_hidden():
    assert exception_handler(KeyError(), {}) is None
