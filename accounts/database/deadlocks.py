"""Beginning again when PostgreSQL ended a transaction because two waited for each other."""

from functools import wraps

from django.db import OperationalError, connection

#: How often it is begun, until the error is told.
TRIES = 3

#: PostgreSQL's code for it, "deadlock_detected".
DEADLOCK = "40P01"


def again_after_deadlock(function):
    """Call the function, which is a transaction by itself, again after a deadlock, in which all of it was undone."""

    @wraps(function)
    def call(*args, **kwargs):
        for left in reversed(range(TRIES)):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                # Inside somebody else's transaction that whole one must begin again.
                if not left or connection.in_atomic_block or not is_deadlock(error):
                    raise

    return call


def is_deadlock(error):
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK
