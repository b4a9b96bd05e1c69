"""The list and the pages of deletions: what is under way, and receipts, to look at."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Deletion, Role, User
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_owner(language="en")


@pytest.fixture
def signed_in(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def deletion_of(user: User, **fields: Any) -> Deletion:
    values = {"what": "crm.tag", "object_id": 1, "name": "vip", "state": "done", "done": 1, "total": 1, **fields}
    return Deletion.objects.create(business=user.business, **values)


def page(kind: str, *keys: int) -> str:
    return reverse(f"admin:accounts_deletion_{kind}", args=keys)


def test_a_list_names_the_kind_as_people_do_and_how_far_each_is(signed_in: Client, owner: User) -> None:
    deletion_of(owner)
    deletion_of(owner, object_id=2, what="crm.customer", name="Anna", state="running", done=3, total=12_000)
    content = signed_in.get(page("changelist")).content.decode()
    assert "Tag" in content and "1 of 1 rows" in content
    assert '<progress max="12000" value="3"></progress> 3 of 12,000 rows' in content


@pytest.mark.parametrize("what", ["crm.gone", "gone.tag", "nonsense", ""])
def test_a_kind_that_there_is_no_more_is_named_as_it_was_noted(signed_in: Client, owner: User, what: str) -> None:
    receipt = deletion_of(owner, what=what, counts={"gone_rows": 5})
    assert signed_in.get(page("changelist")).status_code == 200
    content = signed_in.get(page("change", receipt.pk)).content.decode()
    assert what in content and "gone_rows" in content


def test_what_was_deleted_is_no_html(signed_in: Client, owner: User) -> None:
    receipt = deletion_of(owner, name="<script>alert(1)</script>", state="running", counts={"<b>": 1})
    for address in (page("changelist"), page("change", receipt.pk), page("live", receipt.pk)):
        content = signed_in.get(address).content.decode()
        assert "<script>alert" not in content and "<b>" not in content


def test_a_receipt_of_another_business_is_not_there(signed_in: Client, owner: User) -> None:
    receipt = deletion_of(make_owner(), name="Secret customer")
    assert "Secret customer" not in signed_in.get(page("changelist")).content.decode()
    assert signed_in.get(page("change", receipt.pk)).status_code == 302
    assert signed_in.get(page("live", receipt.pk)).status_code == 404


def test_a_manager_looks_and_an_operator_does_not(client: Client, owner: User) -> None:
    receipt = deletion_of(owner)
    for role, status in ((Role.MANAGER, 200), (Role.OPERATOR, 403)):
        client.force_login(make_colleague(owner, role))
        for address in (page("changelist"), page("change", receipt.pk), page("live", receipt.pk)):
            assert client.get(address).status_code == status


@pytest.mark.parametrize("who", ["owner", "administrator"])
def test_nobody_writes_or_removes_a_receipt(client: Client, owner: User, who: str) -> None:
    receipt = deletion_of(owner)
    client.force_login(owner if who == "owner" else make_administrator())
    assert client.get(page("add")).status_code == 403
    assert client.post(page("change", receipt.pk), {"name": "Other"}).status_code == 403
    assert client.post(page("delete", receipt.pk), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [receipt.pk], "post": "yes"}
    client.post(page("changelist"), selected)
    assert Deletion.objects.get().name == "vip"
