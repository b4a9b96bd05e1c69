"""What a business does for whoever waits: its page, the API, and what businesses begin with."""

import pytest
from django.urls import reverse

from accounts.models import Business, Role
from accounts.testing import make_colleague, make_owner
from accounts.tests.html_forms import filled_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner(language="en")


def page_of(business):
    return reverse("admin:accounts_business_change", args=[business.pk])


def save(client, owner, **values):
    """Save the page of a business as a browser does."""
    client.force_login(owner)
    page = page_of(owner.business)
    answer = client.post(page, filled_form(client.get(page)) | values)
    if answer.status_code == 200:
        print(answer.context["adminform"].form.errors)
    return answer


def test_an_owner_sets_what_is_done(client, owner):
    answer = save(
        client,
        owner,
        alerts_after="30",
        returns_after="10",
        assigns_automatically="on",
        hours_mon="9-18",
        hours_sat="10:00-12:00, 13-15",
    )

    assert answer.status_code == 302
    business = Business.objects.get()
    assert (business.alerts_after, business.returns_after, business.assigns_automatically) == (30, 10, True)
    assert business.office_hours == {"mon": ["09:00-18:00"], "sat": ["10:00-12:00", "13:00-15:00"]}


def test_hours_are_shown_as_they_were_saved_and_can_be_emptied(client, owner):
    save(client, owner, hours_mon="9-18")
    assert 'value="09:00-18:00"' in client.get(page_of(owner.business)).text

    save(client, owner, hours_mon="")
    assert Business.objects.get().office_hours == {}


def test_hours_that_are_none_are_refused(client, owner):
    assert "9:00-18:00" in save(client, owner, hours_mon="always").context["adminform"].form.errors["hours_mon"][0]


@pytest.mark.parametrize("name", ["alerts_after", "returns_after"])
@pytest.mark.parametrize("minutes", ["0", "1441", "-1"])
def test_minutes_that_are_none_are_refused(client, owner, name, minutes):
    assert name in save(client, owner, **{name: minutes}).context["adminform"].form.errors


def test_a_manager_reads_the_hours(client, owner):
    save(client, owner, hours_mon="9-18")
    client.force_login(make_colleague(owner, Role.MANAGER))

    assert "09:00-18:00" in client.get(page_of(owner.business)).text


def test_a_program_sets_the_same(client, owner):
    client.force_login(owner)
    body = {"office_hours": {"fri": ["9-17"]}, "alerts_after": None, "alerts_about_numbers": False}

    answer = client.patch("/api/v1/business/", body, content_type="application/json")

    assert answer.json() | body | {"office_hours": {"fri": ["09:00-17:00"]}} == answer.json()


def test_a_program_s_hours_that_are_none_are_refused(client, owner):
    client.force_login(owner)
    body = {"office_hours": {"someday": ["9-17"]}}

    assert client.patch("/api/v1/business/", body, content_type="application/json").status_code == 400


def test_a_new_business_is_written_to(owner):
    assert (owner.business.alerts_after, owner.business.alerts_about_numbers) == (15, True)
