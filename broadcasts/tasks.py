"""What runs in workers. Each may be called twice, or be lost: the ticks find what is due in the database."""

from celery import shared_task

from . import dispatch, lifecycle


@shared_task
def start_scheduled():
    """Tick: broadcasts whose time has come."""
    return {"started": lifecycle.start_due()}


@shared_task
def finish_broadcasts():
    """Tick: broadcasts of which nothing is left to send."""
    return dispatch.finish()


@shared_task
def skip_cancelled():
    """Tick: messages of cancelled broadcasts that came back."""
    return {"skipped": lifecycle.skip_cancelled()}
