"""What a caller of the API got wrong is said, in the caller's language, and never passed over."""

import pytest
from rest_framework.test import APIClient

from accounts.testing import PASSWORD, make_owner
from bots.testing import make_bot
from crm.testing import make_conversation
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

API = "/api/v1/"


@pytest.fixture
def owner():
    return make_owner()


@pytest.fixture
def api(owner):
    client = APIClient(headers={"accept-language": "ru"})
    client.force_authenticate(owner)
    return client


@pytest.mark.parametrize(
    "address", ["auth/me/", "business/", "subscription/", "stats/", "team/", "tokens/", "bots/", "messages/"]
)
def test_an_unknown_parameter_is_refused(api, address):
    answer = api.get(API + address, {"colour": "red"})
    assert (answer.status_code, list(answer.json())) == (400, ["colour"])


@pytest.mark.parametrize(("address", "parameter"), [("conversations/", "page"), ("customers/", "cursor")])
def test_the_parameter_of_another_kind_of_pages_is_unknown(api, address, parameter):
    assert api.get(API + address, {parameter: "2"}).status_code == 400


@pytest.mark.parametrize(("word", "names"), [("true", ["on"]), ("false", ["off"]), ("", ["on", "off"])])
def test_a_list_is_filtered_by_true_and_false(api, owner, word, names):
    number = make_number(owner.business)
    make_bot(number, name="on", is_active=True, priority=1)
    make_bot(number, name="off", is_active=False, priority=2)
    answer = api.get(f"{API}bots/", {"is_active": word})
    assert [bot["name"] for bot in answer.json()["results"]] == names


def test_a_filter_that_is_neither_true_nor_false_is_refused(api):
    answer = api.get(f"{API}bots/", {"is_active": "maybe"})
    assert (answer.status_code, list(answer.json())) == (400, ["is_active"])


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("auth/register/", {"email": "a@example.com", "password": PASSWORD, "business_name": "A", "colour": "red"}),
        ("auth/login/", {"email": "a@example.com", "password": PASSWORD, "colour": "red"}),
        ("auth/change-password/", {"old_password": PASSWORD, "new_password": "Quite-other-77", "colour": "red"}),
    ],
)
def test_an_unknown_field_is_refused(api, address, body):
    answer = api.post(API + address, body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["colour"])


def test_an_unknown_field_of_a_simulation_is_refused(api, owner):
    bot = make_bot(make_number(owner.business))
    answer = api.post(f"{API}bots/{bot.pk}/simulate/", {"messages": ["hi"], "colour": "red"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["colour"])


def test_what_is_not_there_is_said_in_the_language_of_the_caller(api):
    assert api.get(f"{API}bots/1/").json() == {"detail": "Под этим ID ничего нет.", "code": "not_found"}


def test_a_wrong_type_is_said_in_the_language_of_the_caller(api):
    answer = api.post(f"{API}customers/", {"phone": "+79161234567", "opted_out": "so"}, format="json")
    assert answer.json() == {"opted_out": ["Укажите true или false."]}


def test_what_nobody_can_do_is_not_put_down_to_a_role(api, owner):
    conversation = make_conversation(make_number(owner.business))
    answer = api.patch(f"{API}conversations/{conversation.pk}/", {"status": "closed"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert api.put(f"{API}messages/", {}, format="json").status_code == 405


def test_times_of_a_registration_are_in_utc(api):
    asked = {"email": "a@example.com", "password": PASSWORD, "business_name": "A"}
    answer = api.post(f"{API}auth/register/", asked, format="json")
    assert answer.json()["business"]["created_at"].endswith("Z")
