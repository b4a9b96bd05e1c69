"""What a deadlock undid is begun again, a few times, and nothing else is."""

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, transaction

from accounts.database.deadlocks import MAX_ATTEMPTS, again_after_deadlock, is_deadlock
from accounts.models import Deletion

pytestmark = pytest.mark.django_db(transaction=True)


def caused_by(cause: Exception | None) -> OperationalError:
    error = OperationalError()
    error.__cause__ = cause
    return error


DEADLOCK = caused_by(psycopg.errors.DeadlockDetected())


class Work:
    """Raises these errors one after the other, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, *arguments: object, **options: object) -> tuple[object, ...]:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return (*arguments, options)


def again(work: Work, *arguments: object, **options: object) -> object:
    def call(*arguments: object, **options: object) -> object:
        return work(*arguments, **options)

    return again_after_deadlock(call)(*arguments, **options)


def test_what_succeeds_is_done_once_with_what_it_was_given() -> None:
    work = Work()
    assert again(work, 1, name="x") == (1, {"name": "x"})
    assert work.calls == 1


def test_after_a_deadlock_it_is_begun_again() -> None:
    work = Work(DEADLOCK, DEADLOCK)
    again(work)
    assert work.calls == 3


def test_after_too_many_deadlocks_the_error_is_raised() -> None:
    work = Work(*[DEADLOCK] * (MAX_ATTEMPTS + 1))
    with pytest.raises(OperationalError):
        again(work)
    assert work.calls == MAX_ATTEMPTS


@pytest.mark.parametrize(
    "error",
    [
        caused_by(psycopg.errors.LockNotAvailable()),
        caused_by(psycopg.errors.QueryCanceled()),
        caused_by(psycopg.errors.AdminShutdown()),
        caused_by(None),
        IntegrityError(),
        ValueError(),
    ],
)
def test_after_any_other_error_it_is_not(error: Exception) -> None:
    work = Work(error)
    with pytest.raises(type(error)):
        again(work)
    assert work.calls == 1
    assert not is_deadlock(error)


def test_inside_somebody_elses_transaction_it_is_not() -> None:
    """All of that transaction is undone, so all of it must begin again."""
    work = Work(DEADLOCK)
    with pytest.raises(OperationalError), transaction.atomic():
        again(work)
    assert work.calls == 1


def test_what_the_first_attempt_wrote_is_not_there_twice() -> None:
    errors = [DEADLOCK]

    @again_after_deadlock
    @transaction.atomic
    def write() -> None:
        Deletion.objects.create(what="crm.tag", object_id=1)
        if errors:
            raise errors.pop()

    write()
    assert Deletion.objects.count() == 1
