from celery import shared_task

from . import process


@shared_task
def process_events(ids):
    """Process webhook events, and what stands in line before them."""
    for number_id in process.numbers_of(ids):
        process.process_line(number_id)


@shared_task
def process_number(number_id):
    process.process_line(number_id)


@shared_task
def process_due_events():
    """Tick: events that came back, or whose task was lost."""
    for number_id in process.numbers_with_due_events():
        process_number.delay(number_id)
