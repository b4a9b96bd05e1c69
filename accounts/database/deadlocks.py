"""Retrying a transaction that PostgreSQL aborted because of a deadlock."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

#: How often a transaction is begun before its error is raised.
MAX_ATTEMPTS = 3

#: PostgreSQL's code "deadlock_detected".
DEADLOCK = "40P01"


def again_after_deadlock(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that is a whole transaction: after a deadlock, which rolled it back, it is called again."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        attempt = 1
        while True:
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                # Within an outer transaction, that one has to begin again as a whole.
                if attempt == MAX_ATTEMPTS or connection.in_atomic_block or not is_deadlock(error):
                    raise
            attempt += 1

    return call


def is_deadlock(error: BaseException) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == DEADLOCK
