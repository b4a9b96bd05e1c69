"""The matrix of rights as groups, and how a person gets the rights of theirs."""

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.models import Deletion, Role, User
from accounts.people.roles import RIGHTS, ROLES, RoleBackend, grant_rights, permissions_of
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def backend():
    return RoleBackend()


@pytest.mark.parametrize("role", ROLES)
def test_every_right_of_the_matrix_is_a_permission(role):
    named = {
        f"{label.split('.')[0]}.{word}_{label.split('.')[1]}"
        for label, rights in RIGHTS.items()
        for word in rights[ROLES.index(role)]
    }
    assert {f"{row.content_type.app_label}.{row.codename}" for row in permissions_of(role)} == named


@pytest.mark.parametrize("role", ROLES)
def test_migrating_again_takes_back_what_the_matrix_does_not_grant(role):
    group = Group.objects.get(name=role)
    group.permissions.add(Permission.objects.get(codename="add_business"))
    group.permissions.remove(*group.permissions.filter(codename="view_message"))
    grant_rights()
    assert set(group.permissions.all()) == set(permissions_of(role))


@pytest.mark.parametrize("label", RIGHTS)
def test_no_role_may_do_what_a_higher_one_may_not(label):
    owner, manager, operator = map(set, RIGHTS[label])
    assert owner >= manager >= operator


def test_nobody_of_a_business_adds_businesses_or_changes_plans():
    owner = make_owner()
    assert not owner.has_perm("accounts.add_business")
    assert not owner.has_perm("accounts.change_subscription")


def test_a_platform_administrator_may_do_all():
    assert make_administrator().has_perm("accounts.add_business")


def test_who_may_not_sign_in_has_no_rights():
    owner = make_owner()
    owner.is_active = False
    assert not owner.has_perm("crm.view_customer")


def test_a_tokens_role_takes_rights_away():
    owner = make_owner()
    owner.token_role = Role.OPERATOR
    assert not owner.has_perm("accounts.view_user") and owner.has_perm("crm.view_customer")


def test_a_session_of_somebody_switched_off_finds_nobody(backend):
    owner = make_owner()
    User.objects.update(is_active=False)
    assert backend.get_user(owner.pk) is None


def test_a_session_of_somebody_removed_finds_nobody(backend):
    assert backend.get_user(999_999) is None


@pytest.mark.parametrize(("state", "open"), [("waiting", True), ("running", True), ("done", False)])
def test_a_session_knows_whether_something_is_being_deleted(backend, state, open):
    owner = make_owner()
    Deletion.objects.create(what="crm.customer", object_id=1, name="Anna", state=state)
    assert backend.get_user(owner.pk).has_open_deletions is open


def test_without_a_session_deletions_are_reckoned_with():
    assert make_owner().has_open_deletions


def test_the_interface_is_for_people_of_a_business_and_platform_administrators():
    owner = make_owner()
    assert owner.is_staff and make_colleague(owner).is_staff and make_administrator().is_staff
    assert not User(email="nobody@example.com").is_staff
