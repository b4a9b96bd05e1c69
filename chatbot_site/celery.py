import os
from pathlib import Path
from typing import Any

from celery import Celery, signals

from accounts.database.outages import close_broken_connections

from .operations import configuration

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

BASE_DIR = Path(__file__).resolve().parent.parent


def _rooms_with_tasks():
    """The packages of the project that hold a module `tasks`."""
    for app in ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site"):
        for path in sorted((BASE_DIR / app).rglob("tasks.py")):
            yield ".".join(path.parent.relative_to(BASE_DIR).parts)


app = Celery("chatbot_site", task_cls="chatbot_site.broker:Task", amqp="chatbot_site.broker:Broker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["consumer"].add("chatbot_site.operations.heartbeats:QueueHeartbeats")
app.autodiscover_tasks(lambda: list(_rooms_with_tasks()))


@signals.celeryd_init.connect
@signals.beat_init.connect
def refuse_wrong_settings(**kwargs: Any) -> None:
    """A worker or clock does not start on settings that `manage.py check` refuses."""
    configuration.refuse_to_start()


@signals.setup_logging.connect
def leave_logging_to_django(**kwargs):
    """With a receiver Celery adds no handlers of its own, which would write secrets as they are."""


@signals.task_prerun.connect
def open_broken_connections_again(**kwargs):
    """A connection that was cut since the last task is no reason for the next one to fail."""
    close_broken_connections()
