from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from accounts.jobs import worker
from accounts.jobs.job import Job
from accounts.refusals import Refusal
from accounts.testing import make_owner, work_off
from crm.customers.files import file_import, uploads
from crm.models import Customer, CustomerUpload

pytestmark = pytest.mark.django_db

PHONES = [f"+7916000{serial:04}" for serial in range(7)]


@pytest.fixture
def untried(monkeypatch):
    """A file of seven customers and a mistake, taken two rows at a time."""
    monkeypatch.setattr(file_import, "BATCH", 2)
    text = "phone\n" + "\n".join([*PHONES[:3], "abc", *PHONES[3:]])
    return uploads.upload(make_owner(language="ru"), text.encode(), "customers.csv")


@pytest.fixture
def uploaded(untried):
    """Tried out."""
    uploads.advance(untried, 10)
    return untried


@pytest.fixture
def begun(uploaded):
    """Imported up to the fifth row, when its worker is killed."""
    uploads.start(uploaded)
    take, taken = uploads._import_rows, []

    def killed_after_two(uploaded, rows):
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(rows)
        take(uploaded, rows)

    with patch.object(uploads, "_import_rows", killed_after_two), pytest.raises(KeyboardInterrupt):
        uploads.advance(uploaded, 10)
    return uploaded


def lease_runs_out():
    CustomerUpload.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_what_a_killed_worker_left_is_imported_by_the_next_and_counted_once(begun):
    assert Customer.objects.count() == 3
    lease_runs_out()

    work_off(uploads.JOB)

    begun.refresh_from_db()
    assert set(Customer.objects.values_list("phone", flat=True)) == set(PHONES)
    assert (begun.outcome["created"], begun.outcome["updated"], begun.outcome["failed"]) == (7, 0, 1)
    assert begun.applied_at


def test_nobody_else_goes_on_while_somebody_is_at_it(begun):
    uploads.advance(begun, 10)

    assert Customer.objects.count() == 3


def test_a_file_that_takes_too_long_is_left_to_the_next_worker(uploaded):
    uploads.start(uploaded)

    uploads.advance(uploaded, 0)

    assert (Customer.objects.count(), uploaded.applied_at) == (2, None)
    assert uploads.JOB.due().get() == uploaded


def test_a_file_that_is_imported_is_told_how_far_it_is(client, begun):
    client.force_login(begun.uploaded_by)

    html = client.get(f"/admin/crm/customer/import/{begun.pk}/").text

    assert "4 из 8" in html and 'http-equiv="refresh"' in html


def test_mistakes_are_told_in_the_language_of_whoever_imports(begun):
    lease_runs_out()
    work_off(uploads.JOB)

    begun.refresh_from_db()
    assert "не номер телефона" in begun.outcome["failures"][0]["error"]


def test_a_file_that_nobody_started_is_left_alone(uploaded):
    work_off(uploads.JOB)

    assert not Customer.objects.exists()


# The version before knows no `due_at`, and works beside this one during an update.


def test_what_the_version_before_tried_out_is_not_imported_unasked(untried):
    counted = uploads.summary(file_import.Outcome()) | {"created": 7, "failed": 1}
    CustomerUpload.objects.update(tried_at=timezone.now(), outcome=counted, position=9)

    work_off(uploads.JOB)

    untried.refresh_from_db()
    assert (Customer.objects.count(), untried.applied_at) == (0, None)


def test_what_the_version_before_starts_is_imported(uploaded):
    start = {"started_at": timezone.now(), "outcome": uploads.summary(file_import.Outcome()), "position": 0}
    CustomerUpload.objects.update(**start)

    work_off(uploads.JOB)

    assert Customer.objects.count() == len(PHONES)


def test_every_worker_gets_further_however_long_it_reads_before(uploaded):
    uploads.start(uploaded)
    parts, clock = file_import.batches, [0]

    def slow(*arguments, **options):
        clock[0] += 60
        yield from parts(*arguments, **options)

    with (
        patch.object(file_import, "batches", slow),
        patch.object(uploads.time, "monotonic", lambda: clock[0]),
    ):
        uploads.advance(uploaded, 8)

    assert Customer.objects.count() == len(PHONES)


def counts(uploaded):
    uploaded.refresh_from_db()
    return [uploaded.outcome[name] for name in ("created", "updated", "failed")]


def test_trying_out_goes_on_where_the_last_worker_left_it_and_changes_nothing(untried):
    told = []
    for _step in range(4):
        uploads.advance(untried, 0)
        told.append((counts(untried), bool(untried.tried_at)))

    assert told == [([2, 0, 0], False), ([3, 0, 1], False), ([5, 0, 1], False), ([7, 0, 1], True)]
    assert not Customer.objects.exists()


def test_the_tick_tries_out_what_a_page_did_not_finish(untried):
    uploads.advance(untried, 0)

    work_off(uploads.JOB)

    assert counts(untried) == [7, 0, 1]
    assert untried.tried_at and not uploads.JOB.due().exists()


def test_a_step_of_trying_out_that_was_killed_is_done_again(untried):
    with patch.object(Job, "write", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        uploads.advance(untried, 10)
    lease_runs_out()

    work_off(uploads.JOB)

    assert counts(untried) == [7, 0, 1]


def test_a_person_named_twice_is_noticed_in_another_step_and_when_it_is_imported(monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 1)
    uploaded = uploads.upload(make_owner(), b"phone,name\n89161234567,Anna\n+79161234567,Ivan\n", "twice.csv")

    def done_in_steps():
        for _step in range(2):
            uploads.advance(uploaded, 0)
        return counts(uploaded)

    assert done_in_steps() == [1, 0, 1]
    uploads.start(uploaded)
    assert done_in_steps() == [1, 0, 1]
    assert Customer.objects.get().name == "Anna"


def test_a_file_is_not_imported_before_it_was_tried_out(untried):
    uploads.start(untried)

    work_off(uploads.JOB)

    assert not Customer.objects.exists()


def test_a_worker_that_comes_back_late_writes_nothing_down(begun):
    take = file_import.import_rows

    def overtaken(*arguments, **options):
        CustomerUpload.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
        return take(*arguments, **options)

    lease_runs_out()
    with patch.object(file_import, "import_rows", overtaken):
        uploads.advance(begun, 10)

    assert (Customer.objects.count(), counts(begun)) == (3, [3, 0, 1])


def test_a_file_that_is_tried_out_is_told_how_far_it_is_and_cannot_be_applied(client, untried):
    uploads.advance(untried, 0)
    client.force_login(untried.uploaded_by)

    html = client.get(f"/admin/crm/customer/import/{untried.pk}/").text

    assert "2 из 8" in html and 'http-equiv="refresh"' in html
    assert 'type="submit" class="default"' not in html


def test_the_mistakes_of_every_step_are_kept(monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 1)
    uploaded = uploads.upload(make_owner(language="en"), b"phone\nabc\nxyz\n", "mistakes.csv")

    for _step in range(2):
        uploads.advance(uploaded, 0)

    uploaded.refresh_from_db()
    assert [mistake["row"] for mistake in uploaded.mistakes] == [2, 3]


def test_with_many_files_under_way_one_more_is_refused(untried, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UNDER_WAY", 1)

    with pytest.raises(Refusal) as refused:
        uploads.upload(untried.uploaded_by, b"phone\n+79161234567\n", "more.csv")

    assert refused.value.code == "too_many_files" and "1" in str(refused.value)
    assert CustomerUpload.objects.get() == untried
    assert uploads.upload(make_owner(), b"phone\n+79161234567\n", "theirs.csv")


def test_a_file_that_waits_for_somebody_to_start_it_takes_no_place(uploaded, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UNDER_WAY", 1)

    assert uploads.upload(uploaded.uploaded_by, b"phone\n+79161234567\n", "more.csv")


def test_the_files_of_two_businesses_are_imported_in_turns(monkeypatch):
    monkeypatch.setattr(file_import, "BATCH", 1)
    text = "\n".join(["phone", *PHONES]).encode()
    busy, other = make_owner(), make_owner()
    theirs = [uploads.upload(busy, text, f"{serial}.csv") for serial in range(3)]
    ours = uploads.upload(other, text, "ours.csv")

    while uploads.JOB.due().filter(pk=ours.pk).exists():
        worker.work_off("files", seconds=0)

    assert all(file.rows_done < len(PHONES) for file in CustomerUpload.objects.filter(pk__in=[u.pk for u in theirs]))
