"""What runs in workers. Each may be called twice, or be lost: the ticks find what is due in the database."""

from celery import shared_task

from . import dispatch, lifecycle, planning


@shared_task
def plan_broadcast(broadcast_id):
    if planning.go_on(broadcast_id):
        plan_broadcast.delay(broadcast_id)


@shared_task
def plan_unfinished():
    """Tick: broadcasts whose planning was interrupted."""
    for broadcast_id in planning.unfinished():
        plan_broadcast.delay(broadcast_id)


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
