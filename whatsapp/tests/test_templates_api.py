import pytest
from rest_framework.test import APIClient

from accounts.testing import make_colleague, make_owner
from whatsapp.models import MessageTemplate
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

LIST = "/api/v1/templates/"


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def signed_in(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(owner):
    return signed_in(owner)


def test_a_template_looks_as_the_contract_says(api, number):
    template = make_template(number, "Hello {{1}}!", name="greeting")

    assert api.get(f"{LIST}{template.pk}/").json() == {
        "id": template.pk,
        "waba_id": number.waba_id,
        "name": "greeting",
        "language": "en",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Hello {{1}}!"}],
    }


def test_templates_are_filtered(api, owner, number):
    make_template(number, name="wanted", status="PAUSED")
    make_template(make_number(owner.business), name="other")

    for query in ({"whatsapp_number": number.pk}, {"status": "PAUSED"}, {"name": "wanted"}):
        assert [row["name"] for row in api.get(LIST, query).json()["results"]] == ["wanted"], query


def test_a_number_without_account_has_no_templates(api, owner, number):
    make_template(number, waba_id="")

    lone = make_number(owner.business, waba_id="")
    assert api.get(LIST, {"whatsapp_number": lone.pk}).json()["results"] == []


def test_the_number_of_a_stranger_is_no_filter(api):
    assert api.get(LIST, {"whatsapp_number": make_number(make_owner().business).pk}).status_code == 400


def test_strangers_find_nothing(number):
    template = make_template(number)
    stranger = signed_in(make_owner())

    assert stranger.get(f"{LIST}{template.pk}/").status_code == 404
    assert stranger.get(LIST).json()["results"] == []
    assert stranger.post(f"/api/v1/whatsapp-numbers/{number.pk}/sync-templates/").status_code == 404


def test_templates_are_only_read(api, number):
    address = f"{LIST}{make_template(number).pk}/"

    answers = [api.post(LIST, {}), api.patch(address, {}), api.delete(address)]

    assert [answer.status_code for answer in answers] == [405] * 3


def test_a_list_of_templates_needs_the_same_queries_however_long(api, number, django_assert_num_queries):
    for _serial in range(3):
        make_template(number)

    with django_assert_num_queries(4):  # Two for rights, the count, the rows.
        api.get(LIST)


def test_syncing_answers_with_what_came_of_it(api, number, meta):
    meta.connect(number)
    make_template(number, name="old")

    response = api.post(f"/api/v1/whatsapp-numbers/{number.pk}/sync-templates/")

    assert (response.status_code, response.json()) == (200, {"total": 4, "created": 4, "deleted": 1})
    assert MessageTemplate.objects.count() == 4


def test_syncing_says_why_it_cannot(api, owner):
    lone = make_number(owner.business, waba_id="")

    response = api.post(f"/api/v1/whatsapp-numbers/{lone.pk}/sync-templates/")

    assert (response.status_code, response.json()["code"]) == (409, "no_waba")


def test_an_operator_reads_templates_and_does_not_sync(owner, number):
    operator = signed_in(make_colleague(owner))

    assert operator.get(f"{LIST}{make_template(number).pk}/").status_code == 200
    assert operator.post(f"/api/v1/whatsapp-numbers/{number.pk}/sync-templates/").status_code == 403
