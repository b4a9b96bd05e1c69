from celery import shared_task

from .operations import heartbeats


@shared_task
def note_heartbeat(queue: str) -> None:
    """Note that a queue is worked on: sent through it by the workers' own timers."""
    heartbeats.note(queue)
