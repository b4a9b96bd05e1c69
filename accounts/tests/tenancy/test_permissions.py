"""Who may do what by API: the permission of the model that belongs to what is asked."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from accounts.models import Role, User
from accounts.tenancy.api import TenantViewSet
from accounts.tenancy.permissions import IsMember, RolePermission
from accounts.testing import make_administrator, make_colleague
from crm.models import Customer

pytestmark = pytest.mark.django_db


class CustomerViewSet(TenantViewSet):
    queryset = Customer.objects.all()
    action_permissions = {"export": "export", "look": "view"}


def request_of(user: Any, method: str = "get") -> Request:
    request = Request(getattr(APIRequestFactory(), method)("/"))
    request.user = user
    return request


def permission_for(action: str, method: str = "get") -> str:
    request = request_of(AnonymousUser(), method)
    return RolePermission().permission_for(request, CustomerViewSet(action=action)).removeprefix("crm.")


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("list", "view_customer"),
        ("retrieve", "view_customer"),
        ("create", "add_customer"),
        ("partial_update", "change_customer"),
        ("destroy", "delete_customer"),
        ("export", "export_customer"),
    ],
)
def test_each_action_has_its_permission(action: str, permission: str) -> None:
    assert permission_for(action) == permission


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("get", "view_customer"),
        ("post", "change_customer"),
        ("patch", "change_customer"),
        ("delete", "delete_customer"),
    ],
)
def test_an_action_of_its_own_is_judged_by_its_method(method: str, permission: str) -> None:
    assert permission_for("merge", method) == permission


def test_an_action_that_says_so_is_judged_by_its_own_word() -> None:
    assert permission_for("look", "post") == "view_customer"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, {"list", "create", "destroy", "export"}),
        (Role.MANAGER, {"list", "create", "destroy", "export"}),
        (Role.OPERATOR, {"list", "create"}),
    ],
)
def test_a_role_may_what_its_group_may(owner: User, role: Role, allowed: set[str]) -> None:
    request = request_of(make_colleague(owner, role))
    views = {action: CustomerViewSet(action=action) for action in ("list", "create", "destroy", "export")}
    assert {action for action, view in views.items() if RolePermission().has_permission(request, view)} == allowed


def test_whoever_is_not_signed_in_is_let_into_nothing() -> None:
    request = request_of(AnonymousUser())
    assert not IsMember().has_permission(request, CustomerViewSet(action="list"))
    assert not RolePermission().has_permission(request, CustomerViewSet(action="list"))


def test_an_administrator_may_everything_and_belongs_to_no_business() -> None:
    request, permission = request_of(make_administrator()), RolePermission()
    assert not permission.has_permission(request, CustomerViewSet(action="list"))
    assert permission.message == IsMember.message


def test_who_lacks_the_right_is_told_of_the_role(owner: User) -> None:
    permission = RolePermission()
    request = request_of(make_colleague(owner, Role.OPERATOR))
    assert not permission.has_permission(request, CustomerViewSet(action="destroy"))
    assert permission.message == RolePermission.message


def test_a_method_that_the_view_does_not_know_is_no_matter_of_rights(owner: User) -> None:
    with pytest.raises(MethodNotAllowed):
        RolePermission().has_permission(request_of(owner, "put"), CustomerViewSet(action=None))
