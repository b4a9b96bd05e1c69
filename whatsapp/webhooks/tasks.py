from celery import shared_task

from . import process


@shared_task
def process_events(ids: list[int]) -> None:
    """Process webhook events, and what stands in line before them."""
    process.process_lines_of(ids)


@shared_task
def process_number(number_id: int) -> None:
    """Process the webhook events of a number that are due."""
    process.process_line(number_id)


@shared_task
def process_due_events() -> None:
    """Tick: events that came back, or whose task was lost."""
    for number_id in process.numbers_with_due_events():
        process_number.delay(number_id)
