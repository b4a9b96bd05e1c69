"""
What is to be done once a transaction is committed. A worker gathers it in the course of its task, so that what many
rows want is done once for all of them, at the end of the task and by itself: without a task for each.

A worker that is killed before loses it: whoever uses this has a tick that finds what is left, or can do without.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from django.db import transaction

#: Does something for all of these items. The second argument: a worker calls, and not a request.
Act = Callable[[list[Any], bool], None]

#: What each act is to be done for, in the order in which it was wanted.
_Wanted = dict[Act, dict[Hashable, None]]

_gathered: ContextVar[_Wanted | None] = ContextVar("gathered", default=None)


def after_commit(act: Act, item: Hashable) -> None:
    """Have something done for an item once this transaction is committed."""
    transaction.on_commit(partial(_do, act, item))


def _do(act: Act, item: Hashable) -> None:
    gathered = _gathered.get()
    if gathered is None:
        act([item], False)
    else:
        gathered.setdefault(act, {})[item] = None


@contextmanager
def gathering() -> Iterator[None]:
    """Around a worker's task: what it wants done is done at the end, whatever goes wrong meanwhile."""
    if _gathered.get() is not None:
        yield
        return
    gathered: _Wanted = {}
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
        with ExitStack() as acts:
            # The first one wanted is called first; one that fails keeps no other from being called.
            for act, items in reversed(gathered.items()):
                acts.callback(act, list(items), True)
