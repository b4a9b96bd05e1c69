import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery import Celery, signals

from accounts.database.outages import close_broken_connections

from .operations import startup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

BASE_DIR = Path(__file__).resolve().parent.parent

#: Tasks by the names under which processes of the version before ask for them during an update, where customers or
#: people wait for them; what else has moved is found by the ticks of this version. The next release removes it.
FORMER_NAMES = {
    "accounts.tasks.send_invitation": "accounts.people.tasks.send_invitation",
    "bots.tasks.take_due_turns": "bots.runtime.tasks.take_due_turns",
    "bots.tasks.take_turns": "bots.runtime.tasks.take_turns",
    "whatsapp.tasks.deliver": "whatsapp.sending.tasks.deliver",
    "whatsapp.tasks.deliver_bulk": "whatsapp.sending.tasks.deliver_bulk",
    "whatsapp.tasks.deliver_due": "whatsapp.sending.tasks.deliver_due",
    "whatsapp.tasks.process_due_events": "whatsapp.webhooks.tasks.process_due_events",
    "whatsapp.tasks.process_events": "whatsapp.webhooks.tasks.process_events",
    "whatsapp.tasks.process_number": "whatsapp.webhooks.tasks.process_number",
    "whatsapp.tasks.settle_expired_sends": "whatsapp.sending.tasks.settle_expired_sends",
}


def _rooms_with_tasks() -> Iterator[str]:
    """The packages of the project that hold a module `tasks`."""
    for app in ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site"):
        for path in sorted((BASE_DIR / app).rglob("tasks.py")):
            yield ".".join(path.parent.relative_to(BASE_DIR).parts)


app = Celery("chatbot_site", task_cls="chatbot_site.broker:Task", amqp="chatbot_site.broker:Broker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["consumer"].add("chatbot_site.operations.heartbeats:QueueHeartbeats")
app.autodiscover_tasks(lambda: list(_rooms_with_tasks()))


@signals.import_modules.connect
def know_former_names(sender: Celery, **kwargs: Any) -> None:
    """After the import of the tasks, which was connected first."""
    for former, name in FORMER_NAMES.items():
        sender.tasks[former] = sender.tasks[name]


@signals.celeryd_init.connect
@signals.beat_init.connect
def refuse_wrong_settings(**kwargs: object) -> None:
    """Start no worker or clock on settings that `manage.py check` refuses."""
    startup.refuse_wrong_settings()


@signals.setup_logging.connect
def leave_logging_to_django(**kwargs: object) -> None:
    """With a receiver Celery adds no handlers of its own, which would write secrets as they are."""


@signals.task_prerun.connect
def replace_broken_connections(**kwargs: object) -> None:
    """Close connections that were cut since the last task: the next query opens new ones."""
    close_broken_connections()
