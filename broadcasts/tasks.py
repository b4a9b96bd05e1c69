"""What runs in workers. Each may be called twice, or be lost: the ticks find what is due in the database."""

from celery import shared_task

from . import dispatch, lifecycle


@shared_task
def start_scheduled() -> dict[str, int]:
    """Tick: broadcasts whose time has come."""
    return {"started": lifecycle.start_due()}


@shared_task
def finish_broadcasts() -> int:
    """Tick: broadcasts of which nothing is left to send."""
    return dispatch.finish()


@shared_task
def skip_cancelled() -> dict[str, int]:
    """Tick: messages of cancelled broadcasts that came back."""
    return {"skipped": lifecycle.skip_cancelled()}
