from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.testing import make_owner
from crm import customer_import, customer_uploads, tasks
from crm.models import Customer, CustomerUpload

pytestmark = pytest.mark.django_db

PHONES = [f"+7916000{serial:04}" for serial in range(7)]


@pytest.fixture
def uploaded(monkeypatch):
    """A file of seven customers and a mistake, imported two rows at a time."""
    monkeypatch.setattr(customer_import, "BATCH", 2)
    text = "phone\n" + "\n".join([*PHONES[:3], "abc", *PHONES[3:]])
    return customer_uploads.upload(make_owner(language="ru"), text.encode(), "customers.csv")


@pytest.fixture
def begun(uploaded):
    """Imported up to the fifth row, when its worker is killed."""
    customer_uploads.start(uploaded)
    take, taken = customer_uploads.take, []

    def killed_after_two(uploaded, rows):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(rows)
        take(uploaded, rows)

    with patch.object(customer_uploads, "take", killed_after_two), pytest.raises(KeyboardInterrupt):
        customer_uploads.go_on(uploaded, 10)
    return uploaded


def lease_runs_out():
    CustomerUpload.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_what_a_killed_worker_left_is_imported_by_the_next_and_counted_once(begun):
    assert Customer.objects.count() == 3
    lease_runs_out()

    tasks.go_on_importing()

    begun.refresh_from_db()
    assert set(Customer.objects.values_list("phone", flat=True)) == set(PHONES)
    assert (begun.outcome["created"], begun.outcome["updated"], begun.outcome["failed"]) == (7, 0, 1)
    assert begun.applied_at


def test_nobody_else_goes_on_while_somebody_is_at_it(begun):
    customer_uploads.go_on(begun, 10)

    assert Customer.objects.count() == 3


def test_a_file_that_takes_too_long_is_left_to_the_next_worker(uploaded):
    customer_uploads.start(uploaded)

    customer_uploads.go_on(uploaded, -1)

    assert (Customer.objects.count(), uploaded.applied_at) == (0, None)
    assert CustomerUpload.objects.due().get() == uploaded


def test_a_file_that_is_imported_is_told_how_far_it_is(client, begun):
    client.force_login(begun.uploaded_by)

    html = client.get(f"/admin/crm/customer/import/{begun.pk}/").text

    assert "4 из 8" in html and 'http-equiv="refresh"' in html


def test_mistakes_are_told_in_the_language_of_whoever_imports(begun):
    lease_runs_out()
    tasks.go_on_importing()

    begun.refresh_from_db()
    assert "не номер телефона" in begun.outcome["failures"][0]["error"]


def test_a_file_that_nobody_started_is_left_alone(uploaded):
    tasks.go_on_importing()

    assert not Customer.objects.exists()


def test_every_worker_gets_further_however_long_it_reads_before(uploaded):
    customer_uploads.start(uploaded)
    parts, clock = customer_import.parts, [0]

    def slow(*arguments, **options):
        clock[0] += 60
        yield from parts(*arguments, **options)

    with (
        patch.object(customer_import, "parts", slow),
        patch.object(customer_uploads.time, "monotonic", lambda: clock[0]),
    ):
        customer_uploads.go_on(uploaded, 8)

    assert Customer.objects.count() == len(PHONES)
