"""A person: an e-mail, a role in one business or none at all, and sign-ins that end."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import ApiToken, Role, User
from accounts.models.user import lesser_role
from accounts.testing import PASSWORD, make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_owner(email="anna@example.com")


def is_signed_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def test_an_e_mail_is_unique_whatever_its_letters(owner: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ANNA@example.com", PASSWORD)


def test_a_person_is_found_by_an_e_mail_in_capitals(owner: User) -> None:
    assert User.objects.get(email="Anna@Example.COM") == owner


@pytest.mark.parametrize("role", ["", "admin"])
def test_a_member_of_a_business_needs_a_role_that_exists(owner: User, role: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=owner.pk).update(role=role)


def test_an_administrator_has_no_role() -> None:
    administrator = make_administrator()
    administrator.role = Role.OWNER
    with pytest.raises(ValidationError):
        administrator.full_clean()


def test_the_admin_is_open_to_members_and_administrators_alone(owner: User) -> None:
    assert owner.is_staff and make_administrator().is_staff
    assert not User(email="nobody@example.com").is_staff


@pytest.mark.parametrize(
    ("first", "second", "lesser"),
    [
        (Role.OWNER, Role.OPERATOR, Role.OPERATOR),
        (Role.OPERATOR, Role.OWNER, Role.OPERATOR),
        (Role.MANAGER, Role.OWNER, Role.MANAGER),
        (Role.MANAGER, Role.MANAGER, Role.MANAGER),
    ],
)
def test_of_two_roles_the_one_with_fewer_rights_is_the_lesser(first: Role, second: Role, lesser: Role) -> None:
    assert lesser_role(first, second) == lesser


def test_a_token_lowers_the_role_and_never_raises_it(owner: User) -> None:
    manager = make_colleague(owner, Role.MANAGER)
    for token_role, acting in [("", Role.MANAGER), (Role.OPERATOR, Role.OPERATOR), (Role.OWNER, Role.MANAGER)]:
        manager.token_role = token_role
        assert manager.acting_role == acting


def test_a_new_password_ends_the_sign_ins_of_programs_and_leaves_their_keys(owner: User) -> None:
    for name in ("", "shop"):
        ApiToken.objects.create(user=owner, name=name)
    owner.set_password("another horse battery")
    owner.save()
    assert [token.name for token in owner.auth_token_set.all()] == ["shop"]


def test_what_else_is_saved_ends_no_sign_in(owner: User) -> None:
    ApiToken.objects.create(user=owner)
    owner.name = "Anna"
    owner.save()
    assert owner.auth_token_set.exists()


def test_ending_access_ends_sessions_and_deletes_every_key(owner: User, client: Client) -> None:
    client.force_login(owner)
    ApiToken.objects.create(user=owner, name="shop")
    User.objects.filter(pk=owner.pk).end_access()
    assert not is_signed_in(client) and not owner.auth_token_set.exists()


def test_ending_access_of_one_leaves_the_others_signed_in(owner: User, client: Client) -> None:
    client.force_login(make_owner())
    User.objects.filter(pk=owner.pk).end_access()
    assert is_signed_in(client)


def test_whoever_signs_in_again_is_signed_in(owner: User, client: Client) -> None:
    User.objects.filter(pk=owner.pk).end_access()
    client.force_login(User.objects.get(pk=owner.pk))
    assert is_signed_in(client)


def test_a_person_is_called_by_their_name_or_else_by_their_e_mail(owner: User) -> None:
    assert str(owner) == owner.get_short_name() == "anna@example.com"
    owner.name = "Anna"
    assert str(owner) == owner.get_full_name() == "Anna"
