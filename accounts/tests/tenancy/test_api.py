"""What every address of the API has: one business, its rows by their ids, and a query that is understood."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.deletion import deletion
from accounts.models import ApiToken, Deletion, Role, User
from accounts.people.tokens import sign_in
from accounts.testing import make_administrator, make_colleague
from crm.models import Conversation, Customer, Deal, DealStage, Tag
from crm.testing import make_conversation, make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

CUSTOMERS = "/api/v1/customers/"
DELETIONS = "/api/v1/deletions/"
NUMBERS = "/api/v1/whatsapp-numbers/"


def api(user: User) -> Client:
    return Client(headers={"Authorization": f"Token {sign_in(user)}"})


def test_a_list_has_the_own_rows_alone(owner: User, stranger: User) -> None:
    own = make_customer(owner.business)
    make_customer(stranger.business)
    assert [customer["id"] for customer in api(owner).get(CUSTOMERS).json()["results"]] == [own.pk]


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_a_row_of_another_business_is_answered_as_one_that_is_not_there(
    owner: User, stranger: User, method: str
) -> None:
    foreign = make_customer(stranger.business, name="Anna")
    body = {} if method == "get" else {"data": {"name": "Mine"}, "content_type": "application/json"}
    answer, of_missing = (getattr(api(owner), method)(f"{CUSTOMERS}{pk}/", **body) for pk in (foreign.pk, 987654))
    assert (answer.status_code, answer.json()) == (404, of_missing.json())
    assert Customer.objects.get().name == "Anna"


@pytest.mark.parametrize("pk", ["0", "-1", "abc", "1e3", "9" * 30])
def test_an_id_that_no_row_can_have_is_not_there(owner: User, pk: str) -> None:
    assert api(owner).get(f"{CUSTOMERS}{pk}/").status_code == 404


def test_a_new_row_belongs_to_the_business_of_whoever_asks(owner: User) -> None:
    assert api(owner).post("/api/v1/tags/", {"name": "vip"}, content_type="application/json").status_code == 201
    assert Tag.objects.get().business == owner.business


def test_there_is_no_put(owner: User) -> None:
    tag = Tag.objects.create(business=owner.business, name="vip")
    answer = api(owner).put(f"/api/v1/tags/{tag.pk}/", {"name": "new"}, content_type="application/json")
    assert answer.status_code == 405


@pytest.mark.parametrize("make", [make_administrator, lambda: User.objects.create_user("nobody@example.com")])
def test_people_without_a_business_have_no_api(make: Any) -> None:
    assert api(make()).get(CUSTOMERS).status_code == 403


def test_answers_are_in_the_language_of_whoever_asks(owner: User) -> None:
    owner.language = "ru"
    owner.save()
    answer = api(owner).post("/api/v1/tags/", {"nmae": "vip"}, content_type="application/json")
    assert answer.json() == {"nmae": ["Неизвестное поле."]}


# The query


def test_a_parameter_that_nothing_reads_is_refused_with_those_that_are_known(owner: User) -> None:
    answer = api(owner).get(CUSTOMERS, {"serach": "Anna"})
    assert (answer.status_code, list(answer.json())) == (400, ["serach"])
    assert "search" in answer.json()["serach"][0]


@pytest.mark.parametrize("parameter", ["format", "page", "page_size"])
def test_parameters_of_pages_are_known_to_every_list(owner: User, parameter: str) -> None:
    value = {"format": "json", "page": "1", "page_size": "10"}[parameter]
    assert api(owner).get("/api/v1/deals/", {parameter: value}).status_code == 200


def test_a_filter_by_a_row_of_another_business_is_refused_as_by_one_that_is_not_there(
    owner: User, stranger: User
) -> None:
    foreign = make_customer(stranger.business)
    answer, of_missing = (api(owner).get("/api/v1/deals/", {"customer": pk}) for pk in (foreign.pk, 987654))
    assert (answer.status_code, answer.json()) == (400, of_missing.json())


@pytest.mark.parametrize(("value", "status"), [("true", 200), ("False", 200), ("1", 200), ("", 200), ("maybe", 400)])
def test_a_yes_or_no_is_read_as_such_or_refused(owner: User, value: str, status: int) -> None:
    assert api(owner).get(NUMBERS, {"is_active": value}).status_code == status


def test_a_filter_by_yes_or_no_narrows_the_list(owner: User) -> None:
    on, off = (make_number(owner.business, is_active=is_active).pk for is_active in (True, False))
    lists = {value: api(owner).get(NUMBERS, {"is_active": value}).json()["results"] for value in ("true", "false", "")}
    assert {value: {row["id"] for row in rows} for value, rows in lists.items()} == {
        "true": {on},
        "false": {off},
        "": {on, off},
    }


# Deleting


def test_what_is_small_is_gone_with_204(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    answer = api(owner).delete(f"{CUSTOMERS}{conversation.customer.pk}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Conversation.objects.exists()
    assert Deletion.objects.get().requested_by == owner


def test_what_is_large_is_answered_with_its_deletion(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)
    customer = make_customer(owner.business)
    answer = api(owner).delete(f"{CUSTOMERS}{customer.pk}/")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert api(owner).get(f"{CUSTOMERS}{customer.pk}/").status_code == 404
    assert api(owner).get(f"{DELETIONS}{answer.json()['id']}/").status_code == 200


def test_what_is_still_needed_is_refused(owner: User) -> None:
    stage = DealStage.objects.for_user(owner)[0]
    Deal.objects.create(business=owner.business, customer=make_customer(owner.business), title="Tea", stage=stage)
    answer = api(owner).delete(f"/api/v1/deal-stages/{stage.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "still_needed")
    assert DealStage.objects.filter(pk=stage.pk).exists()


def test_receipts_of_another_business_are_not_there(owner: User, stranger: User) -> None:
    receipt = deletion.delete(make_customer(stranger.business), requested_by=stranger)
    assert api(owner).get(DELETIONS).json()["results"] == []
    assert api(owner).get(f"{DELETIONS}{receipt.pk}/").status_code == 404


# The first page


def test_the_first_page_lists_what_the_role_may_see(owner: User) -> None:
    of_owner, of_operator = (set(api(user).get("/api/v1/").json()) for user in (owner, make_colleague(owner)))
    assert {"customers", "deletions"} <= of_owner
    assert "customers" in of_operator and "deletions" not in of_operator


def test_times_are_in_utc_wherever_the_business_is(owner: User) -> None:
    timezone.activate("Asia/Vladivostok")
    make_customer(owner.business)
    assert api(owner).get(CUSTOMERS).json()["results"][0]["created_at"].endswith("Z")


def test_a_key_of_a_lesser_role_does_not_delete(owner: User) -> None:
    _token, key = ApiToken.objects.create(user=owner, name="shop", role=Role.OPERATOR)
    customer = make_customer(owner.business)
    client = Client(headers={"Authorization": f"Token {key}"})
    assert client.get(CUSTOMERS).status_code == 200
    assert client.delete(f"{CUSTOMERS}{customer.pk}/").status_code == 403
