"""The broker in memory delivers at once what it is given, and sleeps until then."""

import threading
import time

import pytest
from kombu import Connection, Consumer, Exchange, Producer, Queue

from chatbot_site.operations import memory_transport

QUEUE = Queue("tests-of-the-memory-transport", Exchange("tests-of-the-memory-transport"))


@pytest.fixture
def broker(monkeypatch):
    # Whatever is delivered within a test was not found by looking again.
    monkeypatch.setattr(memory_transport, "POLLING_INTERVAL", 30)
    connection = Connection("memory://", transport=memory_transport.Transport)
    QUEUE(connection.default_channel).declare()
    QUEUE(connection.default_channel).purge()
    yield connection
    connection.release()


def publish(connection, body):
    Producer(connection.channel()).publish(body, exchange=QUEUE.exchange, routing_key=QUEUE.routing_key)


def later(work):
    threading.Timer(0.1, work).start()


def test_a_message_wakes_its_reader(broker):
    received = []
    with Consumer(broker.channel(), [QUEUE], callbacks=[lambda body, message: received.append(body)], no_ack=True):
        later(lambda: publish(broker, "now"))
        broker.drain_events(timeout=5)
    assert received == ["now"]


def test_a_message_that_came_before_is_delivered(broker):
    received = []
    publish(broker, "before")
    with Consumer(broker.channel(), [QUEUE], callbacks=[lambda body, message: received.append(body)], no_ack=True):
        broker.drain_events(timeout=5)
    assert received == ["before"]


def test_a_reader_that_had_enough_is_woken_when_it_is_done_with_one(broker):
    received = []
    with Consumer(
        broker.channel(), [QUEUE], callbacks=[lambda body, message: received.append(message)], prefetch_count=1
    ):
        publish(broker, "first")
        publish(broker, "second")
        broker.drain_events(timeout=5)
        later(lambda: received[0].ack())
        broker.drain_events(timeout=5)
    assert [message.payload for message in received] == ["first", "second"]


def test_without_messages_a_reader_waits_as_long_as_it_wants(broker):
    began = time.monotonic()
    with Consumer(broker.channel(), [QUEUE], callbacks=[], no_ack=True), pytest.raises(TimeoutError):
        broker.drain_events(timeout=0.3)
    assert time.monotonic() - began >= 0.3
