from celery import shared_task

from .operations import heartbeats


@shared_task
def note_heartbeat(queue: str) -> None:
    """Note that a queue is worked on. The workers' own timers send this task through it."""
    heartbeats.note(queue)
