from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from .api import idempotency
from .models import ApiToken


@shared_task
def forget_what_is_over():
    """Remove sessions and tokens that ended, and answers kept longer than anybody repeats a request."""
    now = timezone.now()
    return {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "tokens": ApiToken.objects.filter(expiry__lt=now).delete()[0],
        "answers": idempotency.forget_old_answers(),
    }
