"""The Celery worker and its clock as threads of `manage.py up`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from celery.beat import EmbeddedService
from celery.worker import state as worker_state

from chatbot_site.celery import app

#: More than all jobs may have (accounts.jobs.worker.MAX_THREADS), so that messages never wait for them.
THREADS = 20
#: How long starting waits for the worker to be ready, and stopping for its tasks under way (seconds).
START_TIMEOUT = STOP_TIMEOUT = 10


class StillWorking(Exception):
    """Tasks under way did not end in time."""


@contextmanager
def running() -> Iterator[None]:
    """
    A worker of all queues, and a clock that gives it the tasks of CELERY_BEAT_SCHEDULE in time. Leaving the context
    waits for the tasks under way and raises StillWorking when they take too long.
    """
    worker = _start_worker()
    clock = EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)
    # With thread=True it is a thread.
    clock.start()  # type: ignore[union-attr]
    try:
        yield
    finally:
        # An exit code, which the stub does not expect.
        worker_state.should_stop = 0  # type: ignore[assignment]
        clock.stop()
        worker.join(STOP_TIMEOUT)
        if worker.is_alive():
            raise StillWorking


def _start_worker() -> Thread:
    """The thread of a worker that is ready for tasks."""
    is_ready = Event()
    # manage.py has run all checks of the system.
    os.environ["CELERY_SKIP_CHECKS"] = "true"
    controller = app.WorkController(
        pool="threads",
        concurrency=THREADS,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        ready_callback=lambda consumer: is_ready.set(),
    )
    thread = Thread(target=controller.start, name="worker", daemon=True)
    thread.start()
    is_ready.wait(START_TIMEOUT)
    return thread
