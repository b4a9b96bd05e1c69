from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from . import idempotency, invitations, stored_files
from .models import ApiToken, User


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
