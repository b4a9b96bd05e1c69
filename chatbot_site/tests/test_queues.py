"""Tasks go to the queue of their promise."""

import pytest

from chatbot_site.celery import app


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("whatsapp.tasks.process_events", "inbound"),
        ("bots.tasks.take_turns", "inbound"),
        ("bots.tasks.make_call", "housekeeping"),
        ("whatsapp.tasks.deliver", "outbound"),
        ("whatsapp.tasks.deliver_due", "outbound"),
        ("whatsapp.tasks.prune_events", "housekeeping"),
    ],
)
def test_a_task_goes_to_its_queue(task, queue):
    app.loader.import_default_modules()
    assert task in app.tasks
    assert app.amqp.router.route({}, task)["queue"].name == queue
