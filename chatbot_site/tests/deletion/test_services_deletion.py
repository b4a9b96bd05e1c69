"""A large deletion by two Celery workers on PostgreSQL and Redis, which are killed one after the other."""

import random
import time

import pytest
from django.db import connection

from accounts.deletion import deletion
from accounts.models import Deletion
from accounts.testing import make_owner
from accounts.tests.deletion.rows import fill_number
from chatbot_site.celery import app
from chatbot_site.tests.deletion.deleted_rows import orphans, others
from chatbot_site.tests.deletion.large_number import enlarge
from chatbot_site.tests.system.compose import kill
from chatbot_site.tests.system.processes import NEEDS_SERVICES, wait_until
from chatbot_site.tests.system.test_services import broker, compose  # noqa: F401
from whatsapp.models import WhatsAppNumber

pytestmark = [*NEEDS_SERVICES, pytest.mark.django_db(transaction=True)]

KILLS = 3


def select(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.fixture
def number():
    """A number of 50,000 rows, beside one of another business."""
    numbers = [fill_number(make_owner(), phone_number_id) for phone_number_id in ("10001", "10002")]
    for number in numbers:
        enlarge(number, customers=4000, messages=9, recipients=4000)
    return numbers[0]


def test_workers_killed_one_after_the_other_delete_all_of_it_and_nothing_else(compose, number):  # noqa: F811
    before = others(select, number.business_id)
    counted = {model._meta.db_table: count for model, count in deletion.preview(number).counts.items()}
    compose.start("beat")
    workers = [compose.start("worker-files"), compose.start("worker-files")]
    wait_until(lambda: len(app.control.ping() or []) == 2)
    app.conf.task_always_eager = False

    asked = deletion.delete(number)
    for _kill in range(KILLS):
        wait_until(lambda so_far=asked.done: progress(asked).done > so_far or asked.state == "done")
        time.sleep(random.uniform(0, 0.1))
        kill(workers.pop(0))
        let_the_lease_run_out()
        workers.append(compose.start("worker-files"))
    wait_until(lambda: progress(asked).state == "done")

    assert (asked.counts, asked.done, asked.total, asked.orphans) == (counted, asked.total, sum(counted.values()), 0)
    assert not WhatsAppNumber.objects.filter(pk=number.pk).exists()
    assert orphans(select) == []
    assert others(select, number.business_id) == before


def progress(asked):
    asked.refresh_from_db()
    return asked


def let_the_lease_run_out():
    """Of the worker that was killed, if it was the one that had it; the other one begins again too."""
    Deletion.objects.open().update(lease_until=None)
