"""A deletion counts what went, and becomes a receipt."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import override

from accounts.models import Deletion, User
from accounts.testing import make_owner
from crm.models import Customer, Tag


@pytest.mark.django_db
def test_one_thing_is_deleted_once_at_a_time() -> None:
    Deletion.objects.create(what="crm.tag", object_id=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deletion.objects.create(what="crm.tag", object_id=1)


@pytest.mark.django_db
def test_the_receipt_of_an_earlier_row_of_the_same_id_is_in_nobodys_way() -> None:
    for _time in range(2):
        Deletion.objects.create(what="crm.tag", object_id=1, state="done")
    Deletion.objects.create(what="crm.tag", object_id=1)
    assert Deletion.objects.open().count() == 1


@pytest.mark.django_db
def test_a_receipt_outlives_whoever_asked_for_it_and_their_business() -> None:
    owner = make_owner()
    receipt = Deletion.objects.create(
        business=owner.business, what="crm.tag", object_id=1, requested_by=owner, requested_by_email=owner.email
    )
    owner.business.delete()
    assert not User.objects.exists()
    receipt.refresh_from_db()
    assert (receipt.business, receipt.requested_by, receipt.requested_by_email) == (None, None, owner.email)


def test_what_is_removed_in_turns_is_added_up_by_table() -> None:
    deletion = Deletion()
    deletion.note({Customer: 2, Tag: 1})
    deletion.note({Customer: 3})
    assert (deletion.counts, deletion.done) == ({"customers": 5, "tags": 1}, 6)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (180, "3\xa0minutes")]
)
def test_how_long_it_took_is_said_in_words(seconds: float, text: str) -> None:
    now = timezone.now()
    with override("en"):
        assert Deletion(started_at=now, finished_at=now + timedelta(seconds=seconds)).duration_text == text


def test_what_is_not_finished_took_no_time_yet() -> None:
    assert Deletion(started_at=timezone.now()).duration_text == ""
