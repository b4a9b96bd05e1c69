"""What the page says before something is deleted, to whom."""

from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.deletion import page
from accounts.deletion.cascade import Cascade
from accounts.models import Role, User
from accounts.testing import make_colleague
from crm.models import Customer, Deal, DealStage
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def request_of(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def page_for(user: User, *customers: Customer) -> tuple[Any, Any, set[str], list[str]]:
    cascade = Cascade(Customer.objects.filter(pk__in=[customer.pk for customer in customers]))
    return page.deleted_objects(cascade, admin.site, request_of(user))


def test_counts_are_by_what_people_call_it_and_by_table(owner: User) -> None:
    conversation = make_conversation(make_number(owner.business))
    make_message(conversation)
    _lines, counts, _forbidden, _blockers = page_for(owner, conversation.customer)
    assert {kind.table: count for kind, count in counts.items()} == {
        "customers": 1,
        "conversations": 1,
        "messages": 1,
    }
    assert all(str(kind) == kind and kind for kind in counts)


def test_a_row_is_a_link_to_its_page(owner: User) -> None:
    customer = make_customer(owner.business, name="Anna")
    link = reverse("admin:crm_customer_change", args=[customer.pk])
    _title, [line] = page_for(owner, customer)[0]
    assert line == f'<a href="{link}">Anna</a>'


def test_what_a_customer_is_called_is_no_html(owner: User) -> None:
    customer = make_customer(owner.business, name="<script>alert(1)</script>")
    _title, [line] = page_for(owner, customer)[0]
    assert "&lt;script&gt;" in line and "<script>" not in line


def test_of_many_rows_some_are_named_and_the_rest_is_counted(owner: User) -> None:
    customers = [make_customer(owner.business) for _ in range(53)]
    title, lines = page_for(owner, *customers)[0]
    assert title.endswith(": 53")
    assert len(lines) == 51 and "3" in lines[-1]


def test_who_may_not_delete_the_thing_is_told_so(owner: User) -> None:
    customer = make_customer(owner.business)
    assert page_for(owner, customer)[2] == set()
    assert page_for(make_colleague(owner, Role.OPERATOR), customer)[2] == {str(Customer._meta.verbose_name)}


def test_who_may_delete_the_thing_needs_no_right_to_what_hangs_on_it(owner: User) -> None:
    """A manager may not delete messages by themselves, but with their customer."""
    conversation = make_conversation(make_number(owner.business))
    make_message(conversation)
    assert page_for(make_colleague(owner, Role.MANAGER), conversation.customer)[2] == set()


def test_what_forbids_it_is_named_on_the_page_and_nothing_is_deleted(client: Client, owner: User) -> None:
    stage = DealStage.objects.for_user(owner)[0]
    Deal.objects.create(
        business=owner.business, customer=make_customer(owner.business), title="Needed tea", stage=stage
    )
    client.force_login(owner)
    address = reverse("admin:crm_dealstage_delete", args=[stage.pk])
    assert "Needed tea" in client.get(address).content.decode()
    client.post(address, {"post": "yes"})
    assert DealStage.objects.filter(pk=stage.pk).exists()


def test_an_operator_deletes_nothing_by_hand_either(client: Client, owner: User) -> None:
    customer = make_customer(owner.business)
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert client.post(reverse("admin:crm_customer_delete", args=[customer.pk]), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [customer.pk], "post": "yes"}
    client.post(reverse("admin:crm_customer_changelist"), selected)
    assert Customer.objects.exists()


def test_opening_the_page_deletes_nothing(client: Client, owner: User) -> None:
    customer = make_customer(owner.business)
    client.force_login(owner)
    client.get(reverse("admin:crm_customer_delete", args=[customer.pk]), {"post": "yes"})
    assert Customer.objects.exists()
