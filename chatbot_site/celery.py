import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from celery import Celery, signals

from accounts.database.outages import close_broken_connections

from .operations import startup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbot_site.settings")

BASE_DIR = Path(__file__).resolve().parent.parent

#: Tasks by the names under which processes of the version before ask for them during an update. The next release
#: removes them.
FORMER_NAMES = {
    "accounts.tasks.forget_what_is_over": "accounts.tasks.delete_expired",
    "accounts.tasks.sweep_files": "accounts.deletion.tasks.sweep_files",
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
    **dict.fromkeys(
        (
            "crm.tasks.forget_exports",
            "crm.tasks.forget_uploads",
            "whatsapp.tasks.forget_quick_setups",
            "whatsapp.tasks.prune_events",
        ),
        "accounts.jobs.tasks.prune",
    ),
}

#: Tasks of the version before whose rows are those of a job by now, and the queue of that job. Until its clock and web
#: processes are replaced, they let workers look for that work. The next release removes them.
FORMER_TICKS = {
    "accounts.tasks.go_on_deleting": "files",
    "accounts.tasks.go_on_with_deletions": "files",
    "bots.tasks.fire_due_timers": "inbound",
    "bots.tasks.look_after_calls": "calls",
    "bots.tasks.make_call": "calls",
    "broadcasts.tasks.plan_broadcast": "files",
    "broadcasts.tasks.plan_unfinished": "files",
    "crm.tasks.export_conversations": "files",
    "crm.tasks.go_on_exporting": "files",
    "crm.tasks.go_on_importing": "files",
    "crm.tasks.transfer_media": "media",
    "whatsapp.tasks.check_due_numbers": "housekeeping",
    "whatsapp.tasks.check_number": "housekeeping",
    "whatsapp.tasks.sync_due_templates": "housekeeping",
    "whatsapp.tasks.sync_templates": "housekeeping",
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
    for former in FORMER_TICKS.keys() - sender.tasks.keys():
        sender.task(name=former)(_give_due_work(sender, FORMER_TICKS[former]))


def _give_due_work(celery: Celery, queue: str) -> Callable[..., None]:
    """What a task of the version before comes to, whatever its arguments."""

    def give_due_work(*args: object) -> None:
        celery.tasks["accounts.jobs.tasks.give_due_work"](queue)

    return give_due_work


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
