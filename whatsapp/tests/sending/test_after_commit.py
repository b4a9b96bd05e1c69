"""What is queued is sent as soon as it is committed."""

from unittest.mock import patch

import pytest
from django.db import transaction

from accounts.jobs.after_commit import after_commit, gathering
from whatsapp.sending import delivery, tasks
from whatsapp.sending.tasks import deliver_on_commit
from whatsapp.tests.rows import message_model

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = 7
Message = message_model()


@pytest.fixture
def delivered(monkeypatch):
    """The numbers through which a worker sends by itself, in order."""
    numbers = []
    monkeypatch.setattr(delivery, "deliver", lambda model, number_id: numbers.append((model, number_id)))
    return numbers


@pytest.fixture
def published():
    with patch.object(tasks.deliver, "delay") as delay:
        yield delay


def test_a_program_has_a_worker_do_it(delivered, published):
    deliver_on_commit(Message, NUMBER)
    published.assert_called_once_with("crm.Message", NUMBER)
    assert delivered == []


def test_a_worker_does_it_itself_at_the_end_and_once(delivered, published):
    with gathering():
        deliver_on_commit(Message, NUMBER)
        deliver_on_commit(Message, NUMBER)
        assert delivered == []
    assert delivered == [(Message, NUMBER)]
    published.assert_not_called()


def test_what_is_rolled_back_is_not_sent(delivered, published):
    with gathering(), pytest.raises(ZeroDivisionError), transaction.atomic():
        deliver_on_commit(Message, NUMBER)
        raise ZeroDivisionError
    assert delivered == []


def test_what_is_committed_is_sent_although_the_worker_fails_later(delivered, published):
    with pytest.raises(ZeroDivisionError), gathering():
        deliver_on_commit(Message, NUMBER)
        raise ZeroDivisionError
    assert delivered == [(Message, NUMBER)]


def test_what_fails_keeps_nothing_else_from_being_done(delivered, published):
    def fail(items, by_worker):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), gathering():
        after_commit(fail, "first")
        deliver_on_commit(Message, NUMBER)
    assert delivered == [(Message, NUMBER)]


def test_the_outermost_task_delivers(delivered, published):
    with gathering():
        with gathering():
            deliver_on_commit(Message, NUMBER)
        assert delivered == []
    assert delivered == [(Message, NUMBER)]


def test_a_number_through_which_nothing_can_be_sent_ends_no_other_work(monkeypatch, published):
    numbers = []

    def fail_at_first(model, number_id):
        numbers.append(number_id)
        if number_id == NUMBER:
            raise LookupError

    monkeypatch.setattr(delivery, "deliver", fail_at_first)
    with gathering():
        deliver_on_commit(Message, NUMBER)
        deliver_on_commit(Message, NUMBER + 1)
    assert numbers == [NUMBER, NUMBER + 1]
