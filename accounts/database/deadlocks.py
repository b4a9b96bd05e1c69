"""Beginning again when PostgreSQL ended a transaction because two waited for each other."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

#: How often it is begun, until the error is raised.
MAX_ATTEMPTS = 3

#: PostgreSQL's code for it, "deadlock_detected".
DEADLOCK = "40P01"


def again_after_deadlock(function: Callable[P, T]) -> Callable[P, T]:
    """Call the function, which is a transaction by itself, again after a deadlock, in which all of it was undone."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        attempt = 1
        while True:
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                # Inside somebody else's transaction that whole one must begin again.
                if attempt == MAX_ATTEMPTS or connection.in_atomic_block or not is_deadlock(error):
                    raise
            attempt += 1

    return call


def is_deadlock(error: BaseException) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK
