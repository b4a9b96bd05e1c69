from celery import shared_task

from .operations import heartbeats


@shared_task
def note_heartbeat(queue: str = "") -> None:
    """
    Note that a queue is worked on: sent through it by the workers' own timers. Without a queue it is the tick of the
    version before; the next release removes that.
    """
    if queue:
        heartbeats.note(queue)
    else:
        heartbeats.note_for_version_before()
