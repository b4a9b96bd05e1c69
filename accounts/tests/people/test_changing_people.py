"""Changing and removing people: what is written, and the owner who always remains."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, Deletion, Role, User
from accounts.people import team
from accounts.people.tokens import issue, sign_in
from accounts.refusals import Refusal
from accounts.testing import make_administrator, make_colleague, make_owner

TEAM = "/api/v1/team/"


@pytest.fixture
def owner(db):
    return make_owner("Tea house")


@pytest.fixture
def stranger(db):
    return make_owner("Coffee house")


def call(user, path=TEAM, method="get", **data):
    client = Client(headers={"Authorization": f"Token {sign_in(user)}"})
    return getattr(client, method)(path, data, content_type="application/json")


def test_only_what_others_may_change_is_written(owner):
    colleague = make_colleague(owner)
    stale = User.objects.get(pk=colleague.pk)
    colleague.set_password("a battery of horses")
    colleague.save()
    stale.name, stale.email = "Boris", "other@example.com"
    team.change(stale)
    stored = User.objects.get(pk=colleague.pk)
    assert (stored.name, stored.email) == ("Boris", colleague.email)
    assert stored.check_password("a battery of horses")


def test_a_new_role_counts_at_once_for_who_is_signed_in(owner):
    colleague = make_colleague(owner, Role.MANAGER)
    client = Client()
    client.force_login(colleague, backend="accounts.people.roles.RoleBackend")
    assert client.get(TEAM).status_code == 200
    colleague.role = Role.OPERATOR
    team.change(colleague)
    assert client.get(TEAM).status_code == 403


def test_a_new_role_lessens_the_tokens_of_the_person(owner):
    colleague = make_colleague(owner, Role.MANAGER)
    key = issue(ApiToken(user=colleague, name="Till", role="manager"))
    colleague.role = Role.OPERATOR
    team.change(colleague)
    assert Client(headers={"Authorization": f"Token {key}"}).get(TEAM).status_code == 403


def test_a_platform_administrator_is_changed_without_a_business(db):
    administrator = make_administrator()
    administrator.name = "Olga"
    team.change(administrator)
    assert User.objects.get(pk=administrator.pk).name == "Olga"


def test_a_platform_administrator_is_removed_without_a_business(db):
    receipt = team.remove(make_administrator(), requested_by=None)
    assert receipt.state == "done" and not User.objects.exists()


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_people_of_another_business_do_not_exist(owner, stranger, method):
    theirs, missing = call(owner, f"{TEAM}{stranger.pk}/", method), call(owner, f"{TEAM}999999/", method)
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() == missing.json()
    assert User.objects.filter(pk=stranger.pk, role=Role.OWNER).exists()


def test_only_the_people_of_the_business_are_listed(owner, stranger):
    colleague = make_colleague(owner)
    assert {row["id"] for row in call(owner).json()["results"]} == {owner.pk, colleague.pk}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OPERATOR])
def test_only_owners_change_and_remove_people(owner, role):
    colleague, other = make_colleague(owner, role), make_colleague(owner)
    assert call(colleague, f"{TEAM}{other.pk}/", "patch", role="owner").status_code == 403
    assert call(colleague, f"{TEAM}{other.pk}/", "delete").status_code == 403
    assert User.objects.get(pk=other.pk).role == Role.OPERATOR


def test_nobody_signed_in_sees_no_people(client, owner):
    assert client.get(TEAM).status_code == 401


@pytest.mark.parametrize("field", ["business", "is_superuser", "password", "groups", "session_epoch", "token_role"])
def test_what_is_not_for_others_to_change_is_an_unknown_field(owner, field):
    answer = call(owner, f"{TEAM}{make_colleague(owner).pk}/", "patch", **{field: 1})
    assert (answer.status_code, list(answer.json())) == (400, [field])


@pytest.mark.parametrize("field", ["has_joined", "last_login", "date_joined", "email", "id"])
def test_what_is_only_read_stays_as_it_is(owner, field):
    colleague = make_colleague(owner)
    before = call(owner, f"{TEAM}{colleague.pk}/").json()
    call(owner, f"{TEAM}{colleague.pk}/", "patch", **{field: "2020-01-01"})
    assert call(owner, f"{TEAM}{colleague.pk}/").json() == before


@pytest.mark.parametrize("role", ["", "boss", None, "Owner"])
def test_a_role_that_is_none_is_refused_on_its_field(owner, role):
    colleague = make_colleague(owner)
    answer = call(owner, f"{TEAM}{colleague.pk}/", "patch", role=role)
    assert (answer.status_code, list(answer.json())) == (400, ["role"])


def test_an_owner_who_is_switched_off_does_not_count_as_owner(owner):
    other = make_colleague(owner, Role.OWNER)
    User.objects.filter(pk=other.pk).update(is_active=False)
    with pytest.raises(Refusal) as refused:
        team.remove(owner, requested_by=owner)
    assert refused.value.code == "last_owner"


def test_the_owner_of_another_business_does_not_count_as_owner(owner, stranger):
    owner.role = Role.MANAGER
    with pytest.raises(Refusal) as refused:
        team.change(owner)
    assert refused.value.code == "last_owner"


def test_an_invited_owner_may_be_removed_by_the_only_one(owner):
    invited = User(email="boris@example.com", business=owner.business, role=Role.OWNER)
    team.invite(invited)
    team.remove(invited, requested_by=owner)
    assert list(User.objects.all()) == [owner]


def test_the_receipt_of_oneself_names_the_email_and_no_person(owner):
    other = make_colleague(owner, Role.OWNER)
    team.remove(other, requested_by=other)
    receipt = Deletion.objects.get()
    assert (receipt.requested_by, receipt.requested_by_email, receipt.business) == (None, other.email, owner.business)


def test_a_removed_person_is_signed_out_everywhere(owner):
    colleague = make_colleague(owner)
    browser = Client()
    browser.force_login(colleague, backend="accounts.people.roles.RoleBackend")
    team.remove(colleague, requested_by=owner)
    assert browser.get(reverse("admin:index")).status_code == 302


def give_up_ownership(person):
    person.role = Role.OPERATOR
    team.change(person)


def switch_off(person):
    person.is_active = False
    team.change(person)


def remove(person):
    team.remove(person, requested_by=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", [give_up_ownership, switch_off, remove])
def test_of_two_owners_who_leave_at_once_one_stays(leave):
    first = make_owner()
    owners = [first, make_colleague(first, Role.OWNER)]
    barrier = Barrier(2)

    def leave_with_the_other(pk):
        try:
            person = User.objects.select_related("business").get(pk=pk)
            barrier.wait()
            leave(person)
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(leave_with_the_other, [owner.pk for owner in owners]))

    assert sorted(answers, key=str) == [None, "last_owner"]
    assert User.objects.filter(role=Role.OWNER, is_active=True).count() == 1
