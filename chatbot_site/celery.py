import logging
import os
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.contrib.django.task import DjangoTask
from django.db import transaction
from kombu.exceptions import OperationalError

from .operations import configuration

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

logger = logging.getLogger(__name__)


BASE_DIR = Path(__file__).resolve().parent.parent


def _rooms_with_tasks():
    """The packages of the project that hold a module `tasks`."""
    for app in ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site"):
        for path in sorted((BASE_DIR / app).rglob("tasks.py")):
            yield ".".join(path.parent.relative_to(BASE_DIR).parts)


class Task(DjangoTask):
    """A task whose work is in the database: ticks find it there when the broker could not be told of it."""

    def delay_on_commit(self, *args, **kwargs):
        """
        Give the task to the broker after the commit. What was committed is done, so that a broker out of reach is no
        reason to answer with an error, after which people would do it twice.
        """
        transaction.on_commit(partial(self._delay_if_possible, *args, **kwargs))

    def _delay_if_possible(self, *args, **kwargs):
        try:
            self.delay(*args, **kwargs)
        except OperationalError:
            logger.exception("The broker was not told of %s.", self.name)


app = Celery("chatbot_site", task_cls=Task)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: list(_rooms_with_tasks()))


@signals.celeryd_init.connect
@signals.beat_init.connect
def refuse_wrong_settings(**kwargs: Any) -> None:
    """A worker or clock does not start on settings that `manage.py check` refuses."""
    configuration.refuse_to_start()


@signals.setup_logging.connect
def leave_logging_to_django(**kwargs):
    """With a receiver Celery adds no handlers of its own, which would write secrets as they are."""
