from celery import shared_task

from . import dispatch


@shared_task
def finish_broadcasts():
    """Tick: broadcasts of which nothing is left to send."""
    return dispatch.finish()
