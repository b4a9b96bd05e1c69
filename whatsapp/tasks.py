from celery import shared_task
from django.apps import apps

from . import delivery, events, template_sync
from .models import outbound_models

#: Seconds between two ticks of `deliver_due` (CELERY_BEAT_SCHEDULE).
TICK = 2


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
def deliver(model_label, number_id):
    """Send what is due through a number."""
    if delivery.deliver(apps.get_model(model_label), number_id):
        deliver.delay(model_label, number_id)


@shared_task
def deliver_bulk(model_label, number_id):
    """Send what is due through a number of what comes by the thousand: for some seconds, then others have a turn."""
    if delivery.deliver(apps.get_model(model_label), number_id):
        deliver_bulk.delay(model_label, number_id)


@shared_task
def deliver_due():
    """
    Tick: rows that wait for their time, or whose task was lost. It gives work to workers that are free at once; when
    all are busy the next tick is early enough, and no queue grows.
    """
    for model in outbound_models():
        task = deliver_bulk if model.is_bulk else deliver
        for number_id in delivery.numbers_with_due_rows(model):
            task.apply_async([model._meta.label, number_id], expires=TICK)


@shared_task
def settle_expired_sends():
    """Tick: sends that nobody will answer for any more."""
    return delivery.settle_expired()


@shared_task
def sync_templates(number_id):
    """Read a number's templates at Meta if they are due."""
    return template_sync.sync_due(number_id)


@shared_task
def sync_due_templates():
    """Tick: numbers that were connected or changed, of whose templates Meta told something, or not read for long."""
    for number_id in template_sync.due_numbers():
        sync_templates.delay(number_id)
