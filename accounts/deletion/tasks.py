from celery import shared_task

from accounts.models import Deletion

from . import job, stored_files

#: Seconds that a deletion has the worker before others have a turn.
SECONDS = 20


@shared_task(bind=True)
def go_on_deleting(self, deletion_id):
    """Delete more of something large."""
    if job.go_on(Deletion.objects.get(pk=deletion_id), SECONDS):
        self.delay(deletion_id)


@shared_task
def go_on_with_deletions():
    """Tick: deletions that a worker left, or whose task was lost."""
    for deletion_id in Deletion.objects.due().values_list("pk", flat=True):
        go_on_deleting.delay(deletion_id)


@shared_task
def sweep_files():
    """Tick: remove files that no row holds."""
    return stored_files.sweep()
