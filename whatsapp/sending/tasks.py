import logging
import random

from celery import Task, shared_task
from django.apps import apps

from accounts.jobs.after_commit import after_commit
from whatsapp.models import OutboundMessage, outbound_models

from . import ledger

logger = logging.getLogger(__name__)

#: Seconds that the task of sending through a number waits for a free worker; a tick makes another. Longer than a few
#: ticks, because the clocks of machines may differ.
QUEUE_TIMEOUT = 10


@shared_task(bind=True)
def deliver(self: "Task[..., None]", model_label: str, number_id: int) -> None:
    """Send what is due through a number."""
    _deliver(self, model_label, number_id)


@shared_task(bind=True)
def deliver_bulk(self: "Task[..., None]", model_label: str, number_id: int) -> None:
    """Send what is due through a number of what comes by the thousand, for some seconds: then others have a turn."""
    _deliver(self, model_label, number_id)


def _deliver(task: "Task[..., None]", model_label: str, number_id: int) -> None:
    # The client of many calls at once is imported with the first of them: until then nobody waits for it.
    from . import delivery

    if delivery.deliver(apps.get_model(model_label), number_id):
        task.apply_async((model_label, number_id), expires=QUEUE_TIMEOUT)


def deliver_on_commit(model: type[OutboundMessage], number_id: int) -> None:
    """Have what is due through a number sent once this transaction is committed: by a worker that queued it itself."""
    after_commit(_deliver_each, (model._meta.label, number_id))


def _deliver_at_once(model_label: str, number_id: int) -> None:
    """Send as a part of another task, which it does not end when something goes wrong: the tick sends the rest."""
    try:
        deliver(model_label, number_id)
    except Exception:
        logger.exception("What was queued for number %s could not be sent at once.", number_id)


def _deliver_each(numbers: list[tuple[str, int]], by_worker: bool) -> None:
    for model_label, number_id in numbers:
        if by_worker:
            _deliver_at_once(model_label, number_id)
        else:
            # Committed by now; a broker out of reach is only logged.
            deliver.delay_on_commit(model_label, number_id)  # type: ignore[attr-defined]


@shared_task
def deliver_due() -> None:
    """
    Tick: rows that wait for their time, or whose task was lost. Its tasks are for workers that are free soon, so that
    no queue grows. Numbers come in any order: when all workers are busy, each number has its chance of the next.
    """
    from . import delivery

    for model in outbound_models():
        task = deliver_bulk if model.is_bulk else deliver
        number_ids = delivery.numbers_with_due_rows(model)
        random.shuffle(number_ids)
        for number_id in number_ids:
            task.apply_async((model._meta.label, number_id), expires=QUEUE_TIMEOUT)


@shared_task
def settle_expired_sends() -> int:
    """Tick: sends whose worker is gone. Returns how many there were."""
    return ledger.settle_expired()
