from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from . import deletion_job, idempotency, invitations, stored_files
from .models import ApiToken, Deletion, User

#: Seconds that a deletion has the worker before others have a turn.
SECONDS = 20


@shared_task
def send_invitation(person_id):
    invitations.send(User.objects.select_related("business").get(pk=person_id))


@shared_task
def forget_what_is_over():
    """Remove sessions and tokens that ended, and answers kept longer than anybody repeats a request."""
    now = timezone.now()
    return {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "tokens": ApiToken.objects.filter(expiry__lt=now).delete()[0],
        "answers": idempotency.forget_old_answers(),
    }


@shared_task
def sweep_files():
    """Tick: remove files that no row holds."""
    return stored_files.sweep()


@shared_task(bind=True)
def go_on_deleting(self, deletion_id):
    """Delete more of something large."""
    if deletion_job.go_on(Deletion.objects.get(pk=deletion_id), SECONDS):
        self.delay(deletion_id)


@shared_task
def go_on_with_deletions():
    """Tick: deletions that a worker left, or whose task was lost."""
    for deletion_id in Deletion.objects.due().values_list("pk", flat=True):
        go_on_deleting.delay(deletion_id)
