"""The installation on many machines: gunicorn, Celery workers and two beats as processes, on PostgreSQL and Redis."""

import time
from collections import Counter

import pytest
import redis
import requests
from django.conf import settings
from django.db import transaction

from accounts.testing import make_business
from bots.runtime.tasks import take_turns
from bots.testing import make_bot, make_published_scenario
from broadcasts import lifecycle, planning
from broadcasts.testing import make_broadcast
from chatbot_site.celery import app
from chatbot_site.operations import heartbeats
from chatbot_site.operations.environment import BASE_DIR
from chatbot_site.tests.system.compose import SERVICES, Compose, kill
from chatbot_site.tests.system.processes import NEEDS_SERVICES, PATIENCE, wait_until
from crm.models import Conversation, Customer, Message
from crm.testing import make_conversation, make_message
from whatsapp.sending.delivery import MAX_CALLS
from whatsapp.testing import make_number

pytestmark = [*NEEDS_SERVICES, pytest.mark.django_db(transaction=True)]

PHONE = "+79161234567"


@pytest.fixture
def number(meta):
    """A connected number whose bot answers everything."""
    number = make_number(make_business(), waba_id="200000000000001")
    make_published_scenario(
        make_bot(number),
        {
            "format": 1,
            "triggers": [{"kind": "any"}],
            "steps": [{"key": "hello", "kind": "message", "text": "Здравствуйте!"}],
        },
    )
    meta.connect(number)
    return number


@pytest.fixture
def broker():
    """Redis, without tasks of earlier tests: neither waiting ones nor those that killed workers held."""
    broker = redis.Redis.from_url(settings.REDIS_URL)
    app.control.purge()
    broker.delete("unacked", "unacked_index")
    heartbeats.forget()
    return broker


@pytest.fixture
def compose(broker, meta, tmp_path):
    """The processes of deploy/compose.yaml on the test's database, Redis and simulator, ended with the test."""
    compose = Compose(tmp_path, META_GRAPH_URL=meta.url)
    yield compose
    compose.end()


@pytest.fixture
def site(compose, meta):
    """The installation but for its workers, with two beats; the simulator posts its webhooks to it."""
    assert compose.run("migrate") == 0
    for service in ("web", "beat", "beat"):
        compose.start(service)
    wait_until(lambda: compose.is_healthy("web"))
    meta.post_webhooks_to(compose.url)
    return compose


def start_workers(site):
    """Workers of all queues, ready for work."""
    workers = [site.start(service) for service in ("worker", "worker-bulk", "worker-calls", "worker-files")]
    wait_until(lambda: site.is_healthy("worker") and site.is_healthy("worker-bulk"))
    return workers


def replies(meta):
    return meta.texts_to(PHONE)


def test_a_webhook_posted_five_times_is_answered_once(site, meta, number):
    start_workers(site)
    meta.simulator.courier.copies = 5
    meta.customer_writes(number, PHONE, "Добрый день")
    wait_until(lambda: replies(meta))
    wait_until(lambda: Message.objects.filter(direction="out", status="read").exists())
    assert replies(meta) == ["Здравствуйте!"]
    assert Message.objects.filter(direction="in").count() == 1


def test_not_ready_while_no_worker_runs(site):
    assert requests.get(f"{site.url}/readyz", timeout=5).status_code == 503
    assert not site.is_healthy("worker")


def test_a_beat_keeps_no_file_that_a_second_one_or_a_power_cut_could_spoil(compose, broker, number):
    compose.start("beat")
    wait_until(lambda: broker.llen("housekeeping"))
    assert not list(BASE_DIR.glob("celerybeat*"))


def test_killed_workers_neither_lose_nor_repeat(site, meta, number):
    worker, *_others = start_workers(site)
    phones = [f"+7916000{serial:04}" for serial in range(60)]
    for serial, phone in enumerate(phones):
        meta.customer_writes(number, phone, "Добрый день")
        if serial % 20 == 10:
            time.sleep(0.5)
            kill(worker)
            worker = site.start("worker")
    settled = Message.objects.filter(direction="out", status__in=["accepted", "sent", "delivered", "read", "unknown"])
    wait_until(lambda: settled.count() == len(phones), patience=2 * PATIENCE)
    assert all(len(meta.texts_to(phone)) <= 1 for phone in phones)
    lost = [phone for phone in phones if not meta.texts_to(phone)]
    assert settled.filter(conversation__customer__phone__in=lost).exclude(status="unknown").count() == 0


@pytest.fixture
def waiting(number):
    """A conversation whose customer's message waits for the bot."""
    conversation = make_conversation(number)
    make_message(conversation)
    return conversation


def is_answered(conversation):
    return conversation.messages.filter(direction="out").exists()


def ask_for_a_turn(conversation):
    app.conf.task_always_eager = False
    take_turns.delay(conversation.pk)


def test_a_task_of_a_killed_worker_comes_back(compose, broker, waiting):
    compose.start("worker-bulk")
    wait_until(lambda: app.control.ping())
    worker = compose.start("worker")
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=waiting.pk)
        ask_for_a_turn(waiting)
        wait_until(lambda: broker.hlen("unacked") == 1)
        kill(worker)
    let_time_pass(broker, 901)
    wait_until(lambda: broker.llen("inbound") == 1)
    assert not is_answered(waiting)
    compose.start("worker")
    wait_until(lambda: is_answered(waiting))


def let_time_pass(broker, seconds):
    """Make what workers hold as old as it will be then."""
    for task, since in broker.zrange("unacked_index", 0, -1, withscores=True):
        broker.zadd("unacked_index", {task: since - seconds})


def test_a_worker_that_is_stopped_ends_its_tasks(compose, broker, waiting):
    worker = compose.start("worker")
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=waiting.pk)
        ask_for_a_turn(waiting)
        wait_until(lambda: broker.hlen("unacked") == 1)
        worker.terminate()
    assert worker.wait(PATIENCE) == 0
    assert is_answered(waiting)
    assert broker.hlen("unacked") == broker.llen("inbound") == 0


# A broadcast

PEOPLE = 2000


@pytest.fixture
def broadcast(meta):
    """A planned broadcast to PEOPLE customers, through a number as fast as Meta allows."""
    number = make_number(make_business(), messages_per_second=1000)
    Customer.objects.bulk_create(
        Customer(business=number.business, phone=f"+7916{serial:07}") for serial in range(PEOPLE)
    )
    broadcast = make_broadcast(number)
    meta.connect(number)
    meta.approve(broadcast.template)
    planning.begin(broadcast)
    planning.advance(broadcast)
    broadcast.refresh_from_db()
    return broadcast


def processes_of(service):
    """How many processes send in a worker of compose.yaml, each with slots of its own."""
    command = SERVICES[service]["command"].split()
    return int(command[command.index("--concurrency") + 1])


def test_a_broadcast_by_two_workers_one_of_them_killed_reaches_everybody_once(site, meta, broadcast):
    workers = [site.start("worker"), site.start("worker-bulk"), site.start("worker-bulk")]
    wait_until(lambda: len(app.control.ping() or []) == len(workers))
    messages = broadcast.messages.all()
    app.conf.task_always_eager = False
    lifecycle.start(broadcast)
    wait_until(lambda: messages.exclude(status="planned").count() > PEOPLE / 4)
    kill(workers[-1])
    assert messages.filter(status="planned").exists(), "The broadcast ended before the worker was killed."
    wait_until(lambda: not messages.exclude(status__in=["read", "unknown"]).exists(), patience=3 * PATIENCE)
    wait_until(lambda: type(broadcast).objects.filter(pk=broadcast.pk, status="done").exists())

    received = Counter(body["to"] for body in meta.sends)
    unknown = set(messages.filter(status="unknown").values_list("customer__phone", flat=True))
    everybody = set(Customer.objects.filter(business=broadcast.business).values_list("phone", flat=True))
    assert messages.count() == len(everybody) == PEOPLE
    assert set(received.values()) == {1}
    assert everybody - set(received) <= unknown
    assert len(unknown) <= processes_of("worker-bulk") * MAX_CALLS
