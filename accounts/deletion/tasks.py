from celery import shared_task

from . import stored_files


@shared_task
def sweep_files() -> int:
    """Tick: remove files that no row holds."""
    return stored_files.sweep()
