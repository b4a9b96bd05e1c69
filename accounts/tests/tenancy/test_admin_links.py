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
from whatsapp.models import WebhookEvent
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
    number = make_number(owner.business, name="Shop number")
    event = WebhookEvent.objects.create(
        business=owner.business, whatsapp_number=number, field="messages", value={}, due_at=None
    )
    address = reverse("admin:whatsapp_webhookevent_change", args=[event.pk])
    link = reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk])
    client.force_login(owner)
    assert f'<a href="{link}">' in client.get(address).content.decode()
    manager = make_colleague(owner, Role.MANAGER)
    client.force_login(manager)
    assert f'<a href="{link}">' in client.get(address).content.decode()
    Deletion.objects.create(business=owner.business, what="whatsapp.whatsappnumber", object_id=number.pk)
    client.force_login(make_administrator())
    assert f'<a href="{link}">' not in client.get(address).content.decode()
