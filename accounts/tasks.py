from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from .api import idempotency
from .deletion import selections
from .models import ApiToken


@shared_task
def delete_expired() -> dict[str, int]:
    """
    Tick: delete expired sessions and tokens, old responses of idempotent requests, and selections that nobody
    confirmed. Returns how many.
    """
    now = timezone.now()
    return {
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "tokens": ApiToken.objects.filter(expiry__lt=now).delete()[0],
        "responses": idempotency.delete_old_responses(),
        "selections": selections.prune(),
    }
