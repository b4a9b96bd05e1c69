"""
Has what is queued sent once it is committed: by a worker that is in `delivering` itself, at the end of that, which
costs no task and no wait for one; else by a task. What is lost with a killed worker the tick `deliver_due` finds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from django.db import transaction

from whatsapp.models import OutboundMessage

from .tasks import deliver

#: (label of the model, id of the number) of what this worker is going to send.
_Queued = set[tuple[str, int]]

_queued: ContextVar[_Queued | None] = ContextVar("queued", default=None)


def deliver_on_commit(model: type[OutboundMessage], number_id: int) -> None:
    """Have what is due through a number sent once this transaction is committed."""
    transaction.on_commit(partial(_deliver, model._meta.label, number_id))


def _deliver(label: str, number_id: int) -> None:
    queued = _queued.get()
    if queued is None:
        # Committed already: that is at once, and a broker out of reach is only logged.
        deliver.delay_on_commit(label, number_id)  # type: ignore[attr-defined]
    else:
        queued.add((label, number_id))


@contextmanager
def delivering() -> Iterator[None]:
    """Around what a worker does: what it queues is sent at the end, whatever goes wrong meanwhile."""
    if _queued.get() is not None:
        yield
        return
    queued: _Queued = set()
    token = _queued.set(queued)
    try:
        yield
    finally:
        _queued.reset(token)
        for label, number_id in queued:
            deliver(label, number_id)
