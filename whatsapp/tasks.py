import random

from celery import shared_task
from django.apps import apps

from . import delivery, events, health, ledger
from .message_templates import syncing
from .models import outbound_models
from .quick_setup import setups

#: Seconds that the task of sending through a number waits for a free worker; a tick gives it again. Longer than a
#: few ticks, because the clocks of machines may differ.
WAITING = 10


@shared_task
def process_events(ids):
    """Process webhook events, and what stands in line before them."""
    for number_id in events.numbers_of(ids):
        events.process_line(number_id)


@shared_task
def process_number(number_id):
    events.process_line(number_id)


@shared_task
def process_due_events():
    """Tick: events that came back, or whose task was lost."""
    for number_id in events.numbers_with_due_events():
        process_number.delay(number_id)


@shared_task
def prune_events():
    """Tick: forget old webhook events."""
    return events.prune()


@shared_task
def forget_quick_setups():
    """Tick: forget quick setups of yesterday, with their secrets."""
    return setups.forget_old()


@shared_task(bind=True)
def deliver(self, model_label, number_id):
    """Send what is due through a number."""
    if delivery.deliver(apps.get_model(model_label), number_id):
        self.apply_async([model_label, number_id], expires=WAITING)


@shared_task(bind=True)
def deliver_bulk(self, model_label, number_id):
    """Send what is due through a number of what comes by the thousand: for some seconds, then others have a turn."""
    if delivery.deliver(apps.get_model(model_label), number_id):
        self.apply_async([model_label, number_id], expires=WAITING)


@shared_task
def deliver_due():
    """
    Tick: rows that wait for their time, or whose task was lost. It gives work to workers that are free soon, so that
    no queue grows. Numbers come in any order: when all workers are busy, each number has its chance of the next.
    """
    for model in outbound_models():
        task = deliver_bulk if model.is_bulk else deliver
        number_ids = delivery.numbers_with_due_rows(model)
        random.shuffle(number_ids)
        for number_id in number_ids:
            task.apply_async([model._meta.label, number_id], expires=WAITING)


@shared_task
def settle_expired_sends():
    """Tick: sends that nobody will answer for any more."""
    return ledger.settle_expired()


@shared_task
def sync_templates(number_id):
    """Read a number's templates at Meta if they are due."""
    return syncing.sync_due(number_id)


@shared_task
def sync_due_templates():
    """Tick: numbers that were connected or changed, of whose templates Meta told something, or not read for long."""
    for number_id in syncing.due_numbers():
        sync_templates.delay(number_id)


@shared_task
def check_number(number_id):
    """Ask Meta how a number and those of its account stand, if they are due."""
    return health.check_due(number_id)


@shared_task
def check_due_numbers():
    """Tick: numbers of which Meta was not asked for long, or told something."""
    for number_id in health.due_numbers():
        check_number.delay(number_id)
