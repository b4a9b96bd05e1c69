"""Every error of the API has one of two shapes, by whatever it was caused."""

import logging

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import Http404
from django.test import Client
from django.utils.translation import gettext_lazy, override
from rest_framework import exceptions
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory

from accounts.api.errors import UNTRANSLATED_MESSAGES, exception_handler
from accounts.models import Role
from accounts.people.tokens import sign_in
from accounts.refusals import Refusal
from accounts.testing import make_colleague, make_owner

TEAM = "/api/v1/team/"


def answer(exception):
    response = exception_handler(exception, {})
    return response.status_code, response.data


@pytest.fixture
def owner(db):
    return make_owner()


def client_of(person, **headers):
    return Client(headers={"Authorization": f"Token {sign_in(person)}", "accept-language": "en", **headers})


@pytest.mark.parametrize(
    ("exception", "status", "code"),
    [
        (Http404("No User matches the given query."), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.Throttled(), 429, "throttled"),
        (exceptions.ParseError(), 400, "parse_error"),
        (Refusal("window_closed", "Use a template.", status=400), 400, "window_closed"),
    ],
)
def test_every_error_has_a_sentence_and_a_code(exception, status, code):
    found, body = answer(exception)
    assert (found, body["code"], set(body)) == (status, code, {"detail", "code"})
    assert str(body["detail"])


def test_what_is_missing_does_not_say_what_was_looked_for():
    with override("en"):
        assert str(answer(Http404("No User matches."))[1]["detail"]) == "There is nothing with this id."


def test_a_refusal_is_said_in_the_language_of_the_moment():
    refusal = Refusal("suspended", gettext_lazy("Unlimited"))
    with override("ru"):
        assert answer(refusal)[1]["detail"] == "Без ограничений"


def test_the_fields_of_a_form_that_is_wrong_have_lists_of_sentences():
    error = ValidationError({"name": ["Too long.", "Too odd."], "role": ["Unknown."]})
    assert answer(error) == (400, {"name": ["Too long.", "Too odd."], "role": ["Unknown."]})


def test_the_values_that_met_are_not_logged(caplog):
    error = IntegrityError('duplicate key value violates "users_email"\nDETAIL: (email)=(anna@example.com) exists.')
    with caplog.at_level(logging.WARNING, logger="accounts.api.errors"):
        answer(error)
    assert "users_email" in caplog.text and "anna@example.com" not in caplog.text


def test_the_values_that_met_are_not_answered():
    status, body = answer(IntegrityError("DETAIL: (email)=(anna@example.com) exists."))
    assert status == 409 and "anna" not in str(body)


@pytest.mark.parametrize("text", UNTRANSLATED_MESSAGES)
def test_what_drf_says_untranslated_is_in_our_catalogue(text):
    from django.utils.translation import gettext

    with override("ru"):
        assert gettext(text) != text


# Asked over HTTP


def test_nobody_signed_in_gets_a_code(db):
    response = Client().get(TEAM)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


def test_who_may_not_gets_a_code_and_is_told_whom_to_ask(owner):
    response = client_of(make_colleague(owner, Role.OPERATOR)).get(TEAM)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert "owner" in response.json()["detail"]


def test_a_method_that_there_is_not_gets_a_code(owner):
    response = client_of(owner).put(TEAM, {}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_a_body_of_another_type_is_told_which_ones_are_taken(owner):
    response = client_of(owner).post(TEAM, {"email": "boris@example.com"})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert "application/json" in response.json()["detail"]


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null"])
def test_a_body_that_is_no_object_is_400(owner, body):
    response = client_of(owner).post(TEAM, body, content_type="application/json")
    assert response.status_code == 400


def test_a_body_that_is_no_json_is_400_with_a_code(owner):
    response = client_of(owner).post(TEAM, "{", content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("pk", ["0", "-1", "999999999999999999999999", "1.5", "abc"])
def test_an_id_that_can_be_none_is_404(owner, pk):
    assert client_of(owner).get(f"{TEAM}{pk}/").status_code == 404


def test_a_query_parameter_that_nothing_reads_is_named(owner):
    response = client_of(owner).get(TEAM, {"emial": "x"})
    assert (response.status_code, list(response.json())) == (400, ["emial"])


@pytest.mark.django_db(transaction=True)
def test_a_refusal_in_a_transaction_undoes_what_was_done():
    owner = make_owner()

    @api_view(["POST"])
    @permission_classes([AllowAny])
    def refused(request):
        make_colleague(owner)
        raise Refusal("window_closed", "Use a template.")

    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        with transaction.atomic():
            refused(APIRequestFactory().post("/"))
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert owner.business.people.count() == 1
