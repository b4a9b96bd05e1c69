"""A task that ends while the broker is away costs no worker its life."""

import logging

from kombu import Connection
from kombu.message import Message

from chatbot_site.operations.redis_transport import Transport


def test_acknowledging_through_a_closed_connection_is_an_error_of_the_connection(caplog):
    # Nothing listens there.
    connection = Connection("redis://127.0.0.1:1/0", transport=Transport)
    channel = Transport.Channel.__new__(Transport.Channel)
    transport = Transport(connection)
    channel.connection, transport.client = transport, None

    message = Message(channel=channel, delivery_tag="1")
    message.ack = lambda multiple=False: channel._connparams()
    with caplog.at_level(logging.CRITICAL):
        message.ack_log_error(logging.getLogger(__name__), Transport.connection_errors)

    assert "Couldn't ack" in caplog.text
