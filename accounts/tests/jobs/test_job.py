"""One queue of due work: rows are claimed by one worker at a time, and businesses take turns."""

from threading import Event, Thread

import pytest
from django.db import connection
from django.utils import timezone

from accounts.jobs.job import TakenOver, run_claimed
from accounts.models import Deletion
from accounts.testing import make_business, work_off
from accounts.tests.jobs.rows import MINUTE, job, row

pytestmark = pytest.mark.django_db


def test_a_claimed_row_is_nobody_elses(shop):
    due = row(shop)
    assert job().claim() == due
    assert job().claim() is None


def test_a_row_whose_time_has_not_come_is_not_claimed(shop):
    row(shop, due_at=timezone.now() + MINUTE)
    row(shop, due_at=None)
    assert job().claim() is None


def test_a_row_whose_lease_ran_out_is_claimed_again_and_says_so(shop):
    row(shop)
    assert job().claim().was_cut_off is False
    Deletion.objects.update(lease_until=timezone.now() - MINUTE)
    again = job().claim()
    assert (again.was_cut_off, again.attempts) == (True, 2)


def test_writing_to_a_row_that_was_taken_over_raises(shop):
    row(shop)
    late = job().claim()
    Deletion.objects.update(lease_until=timezone.now() - MINUTE)
    assert job().claim()
    for write in (job().write, job().extend, job().release, job().finish):
        with pytest.raises(TakenOver):
            write(late, name="late")
    assert Deletion.objects.get().name != "late"


def test_a_released_row_goes_behind_the_others(shop):
    first, second = row(shop), row(shop)
    rules = job(share=2)
    rules.release(rules.claim())
    assert [rules.claim(), rules.claim()] == [second, first]


def test_a_row_that_failed_comes_back_by_the_delays(shop):
    row(shop)
    rules, waits = job(delays=(MINUTE, 10 * MINUTE)), []
    for _attempt in range(3):
        rules.retry(rules.claim(), ValueError("Full."))
        waits.append(round((Deletion.objects.get().due_at - timezone.now()) / MINUTE))
        Deletion.objects.update(due_at=timezone.now())
    assert waits == [1, 10, 10]
    assert Deletion.objects.get().last_error == "ValueError: Full."


def test_an_error_of_the_work_is_noted_and_the_row_comes_back(shop):
    row(shop)
    rules = job(work=lambda row, seconds: 1 / 0)
    assert run_claimed(rules, rules.claim(), 1) is False
    failed = Deletion.objects.get()
    assert failed.last_error.startswith("ZeroDivisionError")
    assert failed.lease_until is None and failed.due_at > timezone.now()


def test_after_its_last_attempt_a_row_is_parked(shop):
    row(shop)
    rules = job(max_attempts=2)
    for _attempt in range(2):
        rules.retry(rules.claim(), "Broken.")
        Deletion.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    assert rules.claim() is None
    assert list(rules.parked()) == [Deletion.objects.get()]


def test_a_row_that_ends_its_worker_each_time_is_parked(shop):
    row(shop)
    worked = []
    rules = job(max_attempts=2, work=lambda row, seconds: worked.append(row))
    for _kill in range(2):
        rules.claim()
        rules.give_back()
    work_off(rules)
    assert worked == []
    assert "The worker ended each time" in rules.parked().get().last_error


def test_what_succeeded_is_no_attempt_any_more(shop):
    row(shop, attempts=4, last_error="Broken.")
    job().release(job().claim())
    assert list(Deletion.objects.values_list("attempts", "last_error")) == [(0, "")]


def test_a_wish_that_comes_during_the_work_stays(shop):
    row(shop)
    claimed = job().claim()
    wished = timezone.now()
    Deletion.objects.update(due_at=wished)
    job().finish(claimed)
    assert Deletion.objects.get().due_at == wished


# Businesses take turns


def test_a_business_has_no_more_under_way_than_its_share(shop):
    for _ in range(3):
        row(shop)
    rules = job(share=2)
    assert rules.claim() and rules.claim()
    assert rules.claim() is None and rules.count_claimable() == 0


def test_who_has_fewer_under_way_comes_first(shop):
    for _ in range(3):
        row(shop, due_at=timezone.now() - 10 * MINUTE)
    latecomer = make_business()
    row(latecomer)
    rules = job(share=3)
    assert [rules.claim().business for _ in range(4)] == [shop, latecomer, shop, shop]


def test_one_worker_alone_serves_businesses_in_turns(shop):
    others = [make_business(), make_business()]
    for business in (shop, shop, shop, shop, *others):
        row(business)
    rules, served = job(), []
    for _turn in range(6):
        claimed = rules.claim()
        served.append(claimed.business)
        rules.release(claimed)
    assert served == [shop, *others] * 2


def test_a_very_row_is_not_claimed_beyond_the_share(shop):
    row(shop)
    page = row(shop)
    assert job(share=1).claim()
    assert job(share=1).claim(page.pk) is None


def test_as_many_workers_are_called_as_find_a_row(shop):
    for business in (shop, shop, shop, make_business()):
        row(business)
    assert job(share=2).count_claimable() == 3
    assert job(share=None).count_claimable() == 4


@pytest.mark.django_db(transaction=True)
def test_workers_who_claim_at_once_keep_the_share(shop):
    for _ in range(6):
        row(shop)
    rules, claimed, ready = job(share=2), [], Event()

    def claim():
        ready.wait()
        try:
            claimed.append(rules.claim())
        finally:
            connection.close()

    threads = [Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    ready.set()
    for thread in threads:
        thread.join()
    assert sum(found is not None for found in claimed) == 2
