"""What the endpoints of accounts take and refuse."""

import pytest
from django.test import Client

from accounts.models import ApiToken, Business, User
from accounts.people.tokens import issue, sign_in
from accounts.testing import PASSWORD, make_colleague, make_owner

pytestmark = pytest.mark.django_db

ME = "/api/v1/auth/me/"
BUSINESS = "/api/v1/business/"
CHANGE_PASSWORD = "/api/v1/auth/change-password/"


@pytest.fixture
def owner():
    return make_owner("Tea house", email="anna@example.com", name="Anna")


@pytest.fixture
def call(owner):
    client = Client(headers={"Authorization": f"Token {sign_in(owner)}"})

    def call(path, method="get", **data):
        return getattr(client, method)(path, data, content_type="application/json")

    return call


@pytest.mark.parametrize("path", [ME, BUSINESS])
def test_an_unknown_field_is_named_and_nothing_is_changed(call, path):
    answer = call(path, "patch", name="Other", nmae="x", odd="y")
    assert answer.status_code == 400 and set(answer.json()) == {"nmae", "odd"}
    assert (User.objects.get().name, Business.objects.get().name) == ("Anna", "Tea house")


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        (ME, "name", "x" * 151),
        (ME, "language", "fr"),
        (BUSINESS, "name", ""),
        (BUSINESS, "name", "x" * 201),
        (BUSINESS, "name", None),
        (BUSINESS, "time_zone", "Europe/Nowhere"),
        (BUSINESS, "currency", "rub"),
    ],
)
def test_a_value_that_cannot_be_is_refused_on_its_field(call, path, field, value):
    answer = call(path, "patch", **{field: value})
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_only_what_is_given_is_changed(call):
    before = call(BUSINESS).json()
    after = call(BUSINESS, "patch", currency="EUR").json()
    assert after == {**before, "currency": "EUR", "revision": 2}


def test_what_somebody_else_saved_meanwhile_stays(call, owner):
    """The request's row is as old as its token: only the columns it names are written."""
    User.objects.update(session_epoch=7)
    call(ME, "patch", name="Anna B.")
    assert User.objects.get().session_epoch == 7


@pytest.mark.parametrize("path", [ME, BUSINESS])
@pytest.mark.parametrize("method", ["put", "post"])
def test_a_whole_new_one_is_not_taken(call, path, method):
    assert call(path, method, name="Other").status_code == 405


def test_me_is_with_the_business_and_without_secrets(call):
    body = call(ME).json()
    assert set(body) == {"id", "email", "name", "language", "role", "business"}
    assert body["business"]["name"] == "Tea house"


def test_everybody_of_a_business_may_change_their_own_name(owner):
    colleague = make_colleague(owner)
    client = Client(headers={"Authorization": f"Token {sign_in(colleague)}"})
    assert client.patch(ME, {"name": "Boris"}, content_type="application/json").status_code == 200
    assert {person.name for person in User.objects.all()} == {"Anna", "Boris"}


def test_a_program_with_a_lesser_role_does_not_delete_the_business(owner):
    key = issue(ApiToken(user=owner, name="Till", role="manager"))
    client = Client(headers={"Authorization": f"Token {key}"})
    answer = client.delete(BUSINESS, {"password": PASSWORD}, content_type="application/json")
    assert answer.status_code == 403 and Business.objects.exists()


# A new password


@pytest.mark.parametrize("new", ["short", "1234567890123", "password123", "anna@example.com"])
def test_a_new_password_is_as_strong_as_a_first_one(call, new):
    answer = call(CHANGE_PASSWORD, "post", old_password=PASSWORD, new_password=new)
    assert (answer.status_code, list(answer.json())) == (400, ["new_password"])
    assert User.objects.get().check_password(PASSWORD)


def test_the_old_password_is_not_even_tried_where_the_new_one_is_weak(call):
    for _ in range(6):
        answer = call(CHANGE_PASSWORD, "post", old_password="wrong", new_password="short")
    assert list(answer.json()) == ["new_password"]
    assert call(CHANGE_PASSWORD, "post", old_password=PASSWORD, new_password="a battery of horses").status_code == 200


def test_a_wrong_old_password_is_said_on_its_field(call):
    answer = call(CHANGE_PASSWORD, "post", old_password="wrong", new_password="a battery of horses")
    assert (answer.status_code, list(answer.json())) == (400, ["old_password"])


@pytest.mark.parametrize("missing", ["old_password", "new_password"])
def test_both_passwords_are_needed(call, missing):
    given = {"old_password": PASSWORD, "new_password": "a battery of horses"}
    given.pop(missing)
    assert list(call(CHANGE_PASSWORD, "post", **given).json()) == [missing]


@pytest.mark.parametrize("password", ["x" * 129, "", None, ["a"], {"a": 1}])
def test_a_password_that_can_be_none_is_refused_before_it_is_tried(password):
    answer = Client().post(
        "/api/v1/auth/login/", {"email": "anna@example.com", "password": password}, content_type="application/json"
    )
    assert (answer.status_code, list(answer.json())) == (400, ["password"])


def test_no_answer_repeats_a_password(call):
    answer = call(CHANGE_PASSWORD, "post", old_password="a wrong secret", new_password="a battery of horses")
    assert "a wrong secret" not in answer.content.decode() and "battery" not in answer.content.decode()
