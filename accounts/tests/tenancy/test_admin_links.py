"""A row that a page only shows is a link for who may open its page."""

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import Deletion, IdempotentRequest, Role, User
from accounts.tenancy.admin_links import may_open
from accounts.testing import make_administrator, make_colleague
from crm.models import Tag
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def request_of(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def tag_of(user: User) -> Tag:
    return Tag.objects.create(business=user.business, name="vip")


def test_an_own_row_may_be_opened(owner: User) -> None:
    assert may_open(admin.site, request_of(owner), tag_of(owner))


def test_a_row_of_another_business_may_not(owner: User, stranger: User) -> None:
    assert not may_open(admin.site, request_of(owner), tag_of(stranger))


def test_an_administrator_may_open_the_rows_of_all(owner: User, stranger: User) -> None:
    request = request_of(make_administrator())
    assert may_open(admin.site, request, tag_of(owner)) and may_open(admin.site, request, tag_of(stranger))


def test_a_row_that_the_role_does_not_show_may_not(owner: User) -> None:
    receipt = Deletion.objects.create(business=owner.business, what="crm.tag", object_id=1)
    assert may_open(admin.site, request_of(owner), receipt)
    assert not may_open(admin.site, request_of(make_colleague(owner, Role.OPERATOR)), receipt)


def test_a_row_without_a_page_may_not(owner: User) -> None:
    request = IdempotentRequest.objects.create(user=owner, key="1")
    assert not may_open(admin.site, request_of(make_administrator()), request)


def test_on_a_page_the_row_is_a_link_or_its_bare_name(owner: User, client: Client) -> None:
    """Operators read messages, and have no page of the people who wrote them."""
    message = make_message(make_conversation(make_number(owner.business)), direction="out", author=owner)
    address = reverse("admin:crm_message_change", args=[message.pk])
    link = f'<a href="{reverse("admin:accounts_user_change", args=[owner.pk])}">'
    for user, is_link in ((owner, True), (make_colleague(owner, Role.OPERATOR), False)):
        client.force_login(user)
        content = client.get(address).content.decode()
        assert (link in content, owner.email in content) == (is_link, True)
