"""What a worker may write to a row, and what becomes of a row that it settles."""

from datetime import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.jobs.job import TakenOver, advance, run_claimed
from accounts.models import Business, Deletion
from accounts.tests.jobs.rows import MINUTE, job, row

pytestmark = pytest.mark.django_db


def stored() -> Deletion:
    return Deletion.objects.get()


def take_over() -> None:
    """Have another worker claim the row, whose lease ran out."""
    Deletion.objects.update(lease_until=timezone.now() - MINUTE)
    assert job().claim()


def is_about(moment: datetime | None, expected: datetime) -> bool:
    return moment is not None and abs((moment - expected).total_seconds()) < 10


# Claiming


def test_a_claim_is_a_lease_of_the_jobs_length_and_an_attempt(shop: Business) -> None:
    row(shop)
    claimed = job().claim()
    assert is_about(stored().lease_until, timezone.now() + MINUTE)
    assert (claimed.attempts, stored().attempts) == (1, 1)
    assert claimed.lease_until == stored().lease_until


def test_of_a_businesss_rows_the_one_that_is_due_longest_comes_first(shop: Business) -> None:
    late = row(shop, due_at=timezone.now() - MINUTE)
    early = row(shop, due_at=timezone.now() - 5 * MINUTE)
    rules = job(share=2)
    assert [rules.claim(), rules.claim()] == [early, late]


def test_a_row_of_no_business_is_claimed_too(shop: Business) -> None:
    row(None)
    assert job().claim()


def test_rows_of_no_business_are_in_nobodys_share(shop: Business) -> None:
    for _ in range(2):
        row(None)
    rules = job(share=1)
    assert rules.claim() and rules.claim()


def test_a_row_that_the_job_does_not_work_on_is_not_claimed(shop: Business) -> None:
    row(shop, state="done")
    assert job(rows=Deletion.objects.open).claim() is None


def test_a_row_that_may_not_be_claimed_yet_waits(shop: Business) -> None:
    wanted = row(shop, name="wanted")
    row(shop, name="waiting", due_at=timezone.now() - 5 * MINUTE)
    rules = job(share=None, claimable=lambda rows: rows.filter(name="wanted"))
    assert rules.claim() == wanted
    assert rules.claim() is None and rules.count_claimable() == 0


def test_a_row_is_claimed_by_itself_only_while_it_is_due(shop: Business) -> None:
    waiting = row(shop, due_at=timezone.now() + MINUTE)
    assert job().claim(waiting.pk) is None
    assert job().claim(987654) is None


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_committed_before_the_work(shop: Business) -> None:
    """Or two workers would have the row: inside somebody else's transaction nothing is claimed."""
    row(shop)
    with transaction.atomic(), pytest.raises(RuntimeError):
        job().claim()
    assert stored().lease_until is None


# Settling


@pytest.mark.parametrize("verb", ["retry", "retry_after", "park", "come_back"])
def test_a_row_that_was_taken_over_is_settled_by_its_new_worker_alone(shop: Business, verb: str) -> None:
    row(shop)
    late = job().claim()
    take_over()
    arguments = {
        "retry": ["Broken."],
        "retry_after": [MINUTE, "Broken."],
        "park": ["Broken."],
        "come_back": [timezone.now()],
    }[verb]
    before = Deletion.objects.values().get()
    with pytest.raises(TakenOver):
        getattr(job(), verb)(late, *arguments)
    assert Deletion.objects.values().get() == before


def test_what_was_done_with_a_row_that_was_taken_over_is_undone(shop: Business) -> None:
    row(shop)
    late = job().claim()
    take_over()
    with pytest.raises(TakenOver), transaction.atomic():
        Business.objects.filter(pk=shop.pk).update(name="Half done")
        job().extend(late, name="late")
    shop.refresh_from_db()
    assert shop.name != "Half done"


def test_a_row_that_is_gone_is_taken_over_by_nobody_and_written_by_nobody(shop: Business) -> None:
    row(shop)
    claimed = job().claim()
    Deletion.objects.all().delete()
    with pytest.raises(TakenOver):
        job().finish(claimed)


def test_a_row_that_left_the_jobs_rows_is_written_no_more(shop: Business) -> None:
    row(shop)
    rules = job(rows=Deletion.objects.open)
    claimed = rules.claim()
    Deletion.objects.update(state="done")
    with pytest.raises(TakenOver):
        rules.write(claimed, name="late")


def test_extending_is_another_lease(shop: Business) -> None:
    row(shop)
    claimed = job().claim()
    Deletion.objects.update(lease_until=timezone.now() + MINUTE / 6)
    claimed.refresh_from_db()
    job().extend(claimed, name="half way")
    assert is_about(stored().lease_until, timezone.now() + MINUTE)
    assert stored().name == "half way"
    job().write(claimed, name="done")


def test_a_finished_row_waits_for_nothing(shop: Business) -> None:
    row(shop, last_error="Broken.")
    job().finish(job().claim(), name="done")
    done = stored()
    assert (done.due_at, done.lease_until, done.attempts, done.last_error, done.name) == (None, None, 0, "", "done")
    assert job().claim() is None


def test_a_row_comes_back_when_its_worker_says(shop: Business) -> None:
    row(shop)
    job().come_back(job().claim(), timezone.now() + 5 * MINUTE)
    assert is_about(stored().due_at, timezone.now() + 5 * MINUTE)
    assert job().claim() is None


def test_a_row_that_is_retried_counts_its_attempts_and_says_what_went_wrong(shop: Business) -> None:
    row(shop)
    job().retry_after(job().claim(), 5 * MINUTE, OSError("The disk is full."))
    failed = stored()
    assert (failed.attempts, failed.last_error, failed.lease_until) == (1, "OSError: The disk is full.", None)
    assert is_about(failed.due_at, timezone.now() + 5 * MINUTE)


def test_a_wish_that_came_during_the_work_is_not_put_off_by_its_failure(shop: Business) -> None:
    row(shop)
    claimed = job().claim()
    wished = timezone.now()
    Deletion.objects.update(due_at=wished)
    job().retry_after(claimed, 5 * MINUTE, "Broken.")
    assert stored().due_at == wished


def test_a_parked_row_is_tried_by_nobody_and_found_among_the_parked(shop: Business) -> None:
    row(shop)
    job().park(job().claim(), "No such customer.")
    parked = stored()
    assert (parked.due_at, parked.lease_until, parked.last_error) == (None, None, "No such customer.")
    assert job().claim() is None
    assert list(job().parked()) == [parked]


def test_a_row_with_nothing_to_do_is_not_among_the_parked(shop: Business) -> None:
    row(shop, due_at=None)
    assert not job().parked().exists()


def test_a_job_may_keep_its_own_account_of_what_was_given_up(shop: Business) -> None:
    given_up = row(shop, state="done")
    row(shop, due_at=None, attempts=3)
    assert list(job(given_up=lambda: Deletion.objects.filter(state="done")).parked()) == [given_up]


def test_a_very_long_error_is_cut(shop: Business) -> None:
    row(shop)
    job().park(job().claim(), "x" * 100_000)
    assert len(stored().last_error) == 2000


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 1), (2, 5), (3, 5), (99, 5)])
def test_after_the_last_delay_it_stays_the_same(attempts: int, minutes: int) -> None:
    assert job(delays=(MINUTE, 5 * MINUTE)).delay(attempts) == minutes * MINUTE


# Running a claimed row


def test_work_that_is_not_done_goes_on_when_it_is_its_turn(shop: Business) -> None:
    row(shop)
    rules = job(work=lambda row, seconds: True)
    assert run_claimed(rules, rules.claim(), 1) is True
    assert stored().lease_until is None and stored().due_at <= timezone.now()


def test_work_that_lost_its_row_leaves_it_to_the_other(shop: Business) -> None:
    row(shop)

    def work(claimed: Deletion, seconds: float) -> bool:
        take_over()
        return True

    rules = job(work=work)
    assert run_claimed(rules, rules.claim(), 1) is False
    assert stored().lease_until > timezone.now() and stored().last_error == ""


def test_work_that_failed_after_it_lost_its_row_notes_nothing(shop: Business) -> None:
    row(shop)

    def work(claimed: Deletion, seconds: float) -> bool:
        take_over()
        raise ValueError("Too late.")

    rules = job(work=work)
    assert run_claimed(rules, rules.claim(), 1) is False
    assert stored().last_error == ""


def test_work_that_fails_each_time_is_parked_in_the_end_with_its_error(shop: Business) -> None:
    row(shop)
    rules = job(max_attempts=3, work=lambda row, seconds: 1 / 0)
    for _attempt in range(3):
        run_claimed(rules, rules.claim(), 1)
        Deletion.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    assert rules.claim() is None
    assert rules.parked().get().last_error == "ZeroDivisionError: division by zero"


def test_a_row_is_advanced_by_itself_and_read_again(shop: Business) -> None:
    asked, other = row(shop), row(shop)

    def work(claimed: Deletion, seconds: float) -> bool:
        rules.finish(claimed, name="done")
        return False

    rules = job(work=work)
    assert advance(rules, asked, 1) is False
    assert (asked.name, asked.due_at) == ("done", None)
    other.refresh_from_db()
    assert other.name == ""


def test_a_row_that_its_work_deletes_is_advanced_without_an_error(shop: Business) -> None:
    asked = row(shop)

    def work(claimed: Deletion, seconds: float) -> bool:
        claimed.delete()
        return False

    assert advance(job(work=work), asked, 1) is False
    assert not Deletion.objects.exists()


def test_a_start_lets_go_of_what_a_kill_left(shop: Business) -> None:
    for _ in range(2):
        row(shop)
    rules = job(share=2)
    assert rules.claim() and rules.claim() and rules.claim() is None
    assert rules.give_back() == 2
    assert rules.claim()
