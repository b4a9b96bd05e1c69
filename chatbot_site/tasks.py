from celery import shared_task

from .operations import health


@shared_task
def note_heartbeat():
    health.note_heartbeat()
