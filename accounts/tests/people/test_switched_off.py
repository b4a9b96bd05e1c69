"""Somebody who may not sign in any more: what they held of sign-ins and keys is dead, and stays so."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, Business, User
from accounts.people import team
from accounts.people.tokens import issue, sign_in
from accounts.testing import PASSWORD, make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db

ME = "/api/v1/auth/me/"


@pytest.fixture
def owner() -> User:
    return make_owner("Tea house")


@pytest.fixture
def person(owner: User) -> User:
    return make_colleague(owner, "manager")


class Held:
    """A person's sign-in in a browser, one by API, and a key of a program."""

    def __init__(self, person: User) -> None:
        self.browser = Client()
        self.browser.force_login(person, backend="accounts.people.roles.RoleBackend")
        keys = [sign_in(person), issue(ApiToken(user=person, name="Till", role="operator"))]
        self.programs = [Client(headers={"Authorization": f"Token {key}"}) for key in keys]

    def statuses(self) -> list[int]:
        return [client.get(ME).status_code for client in (self.browser, *self.programs)]


def by_api(owner: User, person: User, is_active: bool) -> None:
    client = Client(headers={"Authorization": f"Token {sign_in(owner)}"})
    answer = client.patch(f"/api/v1/team/{person.pk}/", {"is_active": is_active}, content_type="application/json")
    assert answer.status_code == 200


def by_admin(owner: User, person: User, is_active: bool) -> None:
    client = Client()
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    data = {"name": person.name, "role": person.role, "language": ""} | ({"is_active": "on"} if is_active else {})
    assert client.post(reverse("admin:accounts_user_change", args=[person.pk]), data).status_code == 302


def by_platform_administrator(owner: User, person: User, is_active: bool) -> None:
    by_admin(make_administrator(), person, is_active)


def in_a_shell_and_back_by_admin(owner: User, person: User, is_active: bool) -> None:
    if is_active:
        by_admin(owner, person, is_active)
    else:
        User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize("switch", [by_api, by_admin, by_platform_administrator, in_a_shell_and_back_by_admin])
def test_old_sign_ins_and_keys_stay_dead(
    owner: User, person: User, switch: Callable[[User, User, bool], None]
) -> None:
    held = Held(person)
    assert held.statuses() == [200, 200, 200]

    switch(owner, person, False)
    assert held.statuses() == [401, 401, 401]

    switch(owner, person, True)
    assert held.statuses() == [401, 401, 401]


def test_somebody_switched_on_again_signs_in_anew(owner: User, person: User) -> None:
    by_admin(owner, person, False)
    by_admin(owner, person, True)

    browser = Client()
    browser.post("/admin/login/", {"username": person.email, "password": PASSWORD})

    assert browser.get(ME).status_code == 200


def test_a_platform_administrator_is_signed_out_too() -> None:
    administrator = make_administrator()
    browser = Client()
    browser.force_login(administrator, backend="accounts.people.roles.RoleBackend")

    for is_active in (False, True):
        administrator.is_active = is_active
        team.change(administrator)

    assert browser.get("/admin/").status_code == 302


def test_a_changed_name_signs_nobody_out(person: User) -> None:
    held = Held(person)

    person.name = "Boris"
    team.change(person)

    assert held.statuses() == [200, 200, 200]


def test_people_of_a_business_that_is_being_deleted_are_signed_out(owner: User, person: User) -> None:
    held = Held(person)

    owner.business.retire()
    User.objects.update(is_active=True)

    assert held.statuses() == [401, 401, 401]


def test_a_suspended_business_goes_on_reading_with_what_it_held(person: User) -> None:
    """What is suspended is sending: reading, exporting and deleting always work, for its programs too."""
    held = Held(person)

    for is_suspended in (True, False):
        Business.objects.update(is_suspended=is_suspended)
        assert held.statuses() == [200, 200, 200]


def test_an_upgrade_signs_nobody_out(person: User) -> None:
    """Sessions from before there was an epoch hold Django's own hash."""
    held = Held(person)

    assert "." not in person.get_session_auth_hash()
    assert held.statuses()[0] == 200
