from celery import shared_task
from django.apps import apps

from . import delivery, events
from .models import outbound_models


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
def deliver_due():
    """Tick: rows that wait for their time, or whose task was lost."""
    for model in outbound_models():
        for number_id in delivery.numbers_with_due_rows(model):
            deliver.delay(model._meta.label, number_id)


@shared_task
def settle_expired_sends():
    """Tick: sends that nobody will answer for any more."""
    return delivery.settle_expired()
