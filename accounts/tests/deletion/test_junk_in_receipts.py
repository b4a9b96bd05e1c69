"""A receipt whose counts are junk (an old row, an edit by hand) is shown as far as it can be read."""

from typing import Any

import pytest
from django.db.models import JSONField, Value
from django.test import Client

from accounts.deletion import deletion, job
from accounts.models import Deletion, User
from crm.models import Tag

pytestmark = pytest.mark.django_db

JUNK = [None, [], "12", 12, True, {"tags": "many"}, {"tags": None}, {"tags": [1]}, {"tags": {"a": 1}}, {"": 1}]


def receipt_with(owner: User, counts: Any) -> Deletion:
    receipt = deletion.delete(Tag.objects.create(business=owner.business, name="vip"), owner)
    Deletion.objects.update(counts=Value(counts, JSONField()))
    return receipt


@pytest.mark.parametrize("counts", JUNK)
def test_its_page_opens(signed_in: Client, owner: User, counts: Any) -> None:
    receipt = receipt_with(owner, counts)

    assert "vip" in signed_in.get(f"/admin/accounts/deletion/{receipt.pk}/change/").content.decode()
    assert "vip" in signed_in.get(f"/admin/accounts/deletion/{receipt.pk}/live/").content.decode()


@pytest.mark.parametrize("counts", JUNK)
def test_the_api_answers(signed_in: Client, owner: User, counts: Any) -> None:
    receipt = receipt_with(owner, counts)

    answer = signed_in.get(f"/api/v1/deletions/{receipt.pk}/")

    assert answer.status_code == 200
    assert all(isinstance(count, int) for count in answer.json()["counts"].values())


def test_what_can_be_read_is_shown(signed_in: Client, owner: User) -> None:
    receipt = receipt_with(owner, {"tags": 3, "customers": "many"})

    assert signed_in.get(f"/api/v1/deletions/{receipt.pk}/").json()["counts"] == {"tags": 3}


@pytest.mark.parametrize("counts", JUNK)
def test_the_job_goes_on(owner: User, counts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)
    under_way = deletion.delete(owner.business, owner)
    Deletion.objects.update(counts=Value(counts, JSONField()))

    job.advance(under_way)

    assert (under_way.state, under_way.counts["businesses"]) == ("done", 1)
