"""Tasks go to the queue of their promise, and one that cannot go takes back nothing."""

from unittest.mock import patch

import pytest
from kombu.exceptions import OperationalError

from accounts.jobs import worker
from accounts.testing import make_owner
from chatbot_site.celery import FORMER_NAMES, FORMER_TICKS, app
from crm.conversations import outbox
from crm.models import Message
from crm.testing import make_conversation
from whatsapp.sending import tasks
from whatsapp.testing import make_number


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("whatsapp.webhooks.tasks.process_events", "inbound"),
        ("bots.runtime.tasks.take_turns", "inbound"),
        ("whatsapp.sending.tasks.deliver", "outbound"),
        ("whatsapp.sending.tasks.deliver_due", "outbound"),
        ("accounts.jobs.tasks.prune", "housekeeping"),
    ],
)
def test_a_task_goes_to_its_queue(task, queue):
    app.loader.import_default_modules()
    assert task in app.tasks
    assert app.amqp.router.route({}, task)["queue"].name == queue


@pytest.mark.parametrize(("former", "name"), FORMER_NAMES.items())
def test_a_worker_knows_what_processes_of_the_version_before_ask_for(former, name):
    app.loader.import_default_modules()
    assert app.tasks[former].name == name


@pytest.mark.parametrize(("former", "queue"), FORMER_TICKS.items())
def test_a_worker_looks_for_the_work_that_a_tick_of_the_version_before_was_about(former, queue):
    app.loader.import_default_modules()
    with patch.object(worker, "count_claimable", return_value=0) as looked:
        app.tasks[former](1)
    looked.assert_called_once_with(queue)


@pytest.mark.django_db(transaction=True)
def test_a_reply_is_kept_without_an_error_when_the_broker_is_away():
    owner = make_owner()
    conversation = make_conversation(make_number(owner.business))
    with patch.object(tasks.deliver, "apply_async", side_effect=OperationalError) as told:
        outbox.reply(conversation, "Hello", owner)
    assert told.called
    assert Message.objects.get(direction="out").status == "queued"
