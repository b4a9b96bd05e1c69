from celery import shared_task

from . import duplicates


@shared_task
def prune_merges() -> int:
    """Tick: forget merges that can be undone no longer. Returns how many."""
    return duplicates.prune_merges()
