"""A task that ends while the broker is away costs no worker its life."""

import logging

import pytest
from django.conf import settings
from kombu import Connection, Queue

from chatbot_site.operations.redis_transport import Transport

QUEUE = "tests-of-the-redis-transport"


@pytest.mark.services
def test_what_cannot_be_acknowledged_any_more_is_noted(caplog):
    with Connection(settings.CELERY_BROKER_URL, transport=Transport) as connection:
        with connection.SimpleQueue(QUEUE) as queue:
            queue.put("work")
            message = queue.get(timeout=5)
            lose(message.channel)
            with caplog.at_level(logging.CRITICAL):
                message.ack_log_error(logging.getLogger(__name__), connection.connection_errors)
            message.channel.connection.client = connection
        Queue(QUEUE)(connection.channel()).delete()
    assert "Couldn't ack" in caplog.text


def lose(channel):
    """Leave a channel as kombu does when the broker went away: closed, and without the connection it came from."""
    channel._disconnect_pools()
    channel.connection.client = None
