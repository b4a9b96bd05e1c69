from celery import shared_task

from . import stored_files


@shared_task
def sweep_files() -> int:
    """Tick: delete files that belong to no row."""
    return stored_files.sweep()
