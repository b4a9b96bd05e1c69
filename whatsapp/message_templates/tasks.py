from celery import shared_task

from . import sync


@shared_task
def sync_templates(number_id):
    """Read a number's templates at Meta if they are due."""
    return sync.sync_due(number_id)


@shared_task
def sync_due_templates():
    """Tick: numbers that were connected or changed, of whose templates Meta told something, or not read for long."""
    for number_id in sync.due_numbers():
        sync_templates.delay(number_id)
