"""A broker or a database that is away: requests do not wait for it, and tasks go on when it is back."""

import time
from contextlib import closing
from unittest.mock import patch

import pytest
from celery import shared_task
from django.db import OperationalError, connection, transaction
from kombu.exceptions import OperationalError as BrokerError

from accounts.testing import make_business
from chatbot_site import broker
from chatbot_site.broker import CircuitBreaker
from chatbot_site.celery import app
from chatbot_site.tests.system.processes import free_port
from whatsapp.models import WebhookEvent
from whatsapp.testing import inbound_text, make_number, post_webhook
from whatsapp.webhooks import tasks

PHONE = "+79161234567"


@pytest.fixture
def breaker(monkeypatch):
    breaker = CircuitBreaker(reset_timeout=0.2)
    monkeypatch.setattr(broker, "breaker", breaker)
    return breaker


@pytest.fixture
def no_broker(breaker):
    """Redis is where nothing listens."""
    app.conf.task_always_eager = False
    url = f"redis://127.0.0.1:{free_port()}/0"

    def connect(producer=None):
        return closing(app.amqp.Producer(app.amqp.Connection(url), auto_declare=False))

    with patch.object(app, "producer_or_acquire", side_effect=connect) as connected:
        yield connected
    app.conf.task_always_eager = True


def fail():
    raise BrokerError


def called(breaker, call=lambda: None):
    """Whether a call was let through."""
    calls = []
    try:
        with breaker.calling():
            calls.append(1)
            call()
    except BrokerError:
        pass
    return bool(calls)


def test_after_a_failure_no_call_is_let_through_for_a_while(breaker):
    assert called(breaker, fail)
    assert not called(breaker)


def test_after_a_while_one_call_tries_and_opens_the_way_for_all(breaker):
    called(breaker, fail)
    time.sleep(0.25)
    assert called(breaker)
    assert called(breaker)


def test_while_one_call_tries_the_others_do_not_wait_with_it(breaker):
    called(breaker, fail)
    time.sleep(0.25)
    with breaker.calling():
        assert not called(breaker)


def test_other_errors_of_a_call_say_nothing_about_the_broker(breaker):
    with pytest.raises(ValueError), breaker.calling():
        raise ValueError
    assert called(breaker)


@pytest.mark.django_db(transaction=True)
def test_a_webhook_is_stored_and_answered_200_while_the_broker_is_away(client, no_broker):
    number = make_number(make_business())
    assert post_webhook(client, inbound_text(number, PHONE, "Hi"), number.app_secret).status_code == 200
    assert no_broker.called
    assert WebhookEvent.objects.get().due_at


@pytest.mark.django_db(transaction=True)
def test_the_next_webhooks_do_not_ask_a_broker_that_is_away(client, no_broker):
    number = make_number(make_business())
    for serial in range(3):
        assert post_webhook(client, inbound_text(number, PHONE, str(serial)), number.app_secret).status_code == 200
    assert no_broker.call_count == 1
    assert WebhookEvent.objects.count() == 3


def test_a_request_waits_for_a_broker_no_longer_than_one_connection_takes():
    policy = app.conf.task_publish_retry_policy
    assert policy["max_retries"] == 1
    assert policy["interval_start"] == 0


# Tasks


@shared_task
def look_at_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_task_inside_a_transaction_leaves_the_connection_alone():
    with transaction.atomic():
        before = connection.connection
        look_at_the_database.delay()
        assert connection.connection is before


@shared_task
def break_down(error):
    raise error


def attempt(task, *args, **headers):
    """Run a task as a worker does that has the broker's message of it, with such headers."""
    task.push_request(args=args, kwargs={}, called_directly=False, is_eager=False, id="1", **headers)
    try:
        with patch.object(broker.DjangoTask, "retry", autospec=True, side_effect=run_again):
            task(*args)
    finally:
        task.pop_request()


class Again(Exception):
    """A task is to run again, after so many seconds."""


def run_again(task, countdown, **options):
    raise Again(countdown)


def test_a_task_that_the_database_failed_runs_again_soon():
    with pytest.raises(Again) as again:
        attempt(break_down, OperationalError("the connection is closed"))
    assert again.value.args[0] < 1


def test_a_task_that_the_database_fails_again_and_again_is_left_to_the_ticks():
    with pytest.raises(OperationalError):
        attempt(break_down, OperationalError("the connection is closed"), retries=len(broker.RETRY_DELAYS))


def test_a_tick_does_not_run_again_since_it_comes_again():
    with pytest.raises(OperationalError):
        attempt(break_down, OperationalError("the connection is closed"), celery_beat_task=True)


def test_a_task_with_an_error_of_its_own_does_not_run_again():
    with pytest.raises(ValueError):
        attempt(break_down, ValueError())


def test_a_task_that_is_called_like_a_function_shows_its_error():
    with pytest.raises(OperationalError):
        break_down(OperationalError("the connection is closed"))


def test_every_task_of_the_project_is_of_this_kind():
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert tasks.process_events.name in {task.name for task in ours}
    assert all(isinstance(task, broker.Task) for task in ours)
