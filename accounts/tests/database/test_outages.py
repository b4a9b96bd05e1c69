"""What a database says when it is away, and what becomes of connections that were cut."""

import sqlite3

import psycopg
import pytest
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from accounts.database import outages
from accounts.database.outages import close_broken_connections, is_outage, keep_trying

on_postgresql = pytest.mark.postgresql


def caused_by(error, cause):
    error.__cause__ = cause
    return error


def sqlite_error(code):
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        InterfaceError("connection already closed"),
        caused_by(OperationalError(), psycopg.OperationalError("the connection is closed")),
        caused_by(OperationalError(), psycopg.errors.AdminShutdown()),
        caused_by(OperationalError(), psycopg.errors.CannotConnectNow()),
        caused_by(OperationalError(), psycopg.errors.DiskFull()),
        caused_by(OperationalError(), psycopg.errors.TooManyConnections()),
        caused_by(InternalError(), psycopg.errors.ReadOnlySqlTransaction()),
        caused_by(OperationalError(), sqlite_error(sqlite3.SQLITE_FULL)),
        caused_by(OperationalError(), sqlite_error(sqlite3.SQLITE_IOERR_WRITE)),
        caused_by(OperationalError(), sqlite_error(sqlite3.SQLITE_BUSY)),
    ],
)
def test_an_error_of_a_database_that_is_away(error):
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        IntegrityError(),
        DataError(),
        caused_by(ProgrammingError(), psycopg.errors.UndefinedTable()),
        caused_by(OperationalError(), psycopg.errors.DeadlockDetected()),
        caused_by(OperationalError(), psycopg.errors.LockNotAvailable()),
        caused_by(OperationalError(), psycopg.errors.QueryCanceled()),
        caused_by(OperationalError(), sqlite_error(sqlite3.SQLITE_ERROR)),
    ],
)
def test_an_error_of_what_was_asked(error):
    assert not is_outage(error)


def cut_connection():
    """What a restarted server, a failover or a firewall does to this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    with psycopg.connect(dsn()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def dsn():
    ours = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return psycopg.conninfo.make_conninfo(**{name: ours[key] for name, key in names.items() if ours[key]})


def is_answering():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_cut_connection_is_opened_again():
    cut_connection()
    close_broken_connections()
    assert is_answering()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_on_which_an_error_was_seen_is_opened_again():
    cut_connection()
    with pytest.raises(OperationalError):
        is_answering()
    close_broken_connections()
    assert is_answering()


@pytest.mark.django_db(transaction=True)
def test_a_connection_inside_a_transaction_is_left_alone():
    with transaction.atomic():
        before = connection.connection
        close_broken_connections()
        assert connection.connection is before
        assert is_answering()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_must_be_written_is_written_on_a_new_connection():
    cut_connection()
    assert keep_trying(is_answering, seconds=10)


@pytest.mark.django_db(transaction=True)
def test_what_must_be_written_is_given_up_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr(outages, "RETRY_INTERVAL", 0)
    tries = []

    def fail():
        tries.append(1)
        raise OperationalError

    with pytest.raises(OperationalError):
        keep_trying(fail, seconds=0.05)
    assert len(tries) > 1


@pytest.mark.django_db
def test_inside_a_transaction_nothing_is_tried_again():
    tries = []

    def fail():
        tries.append(1)
        raise OperationalError

    with pytest.raises(OperationalError):
        keep_trying(fail, seconds=10)
    assert len(tries) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_written_at_once_is_written_once():
    written = []
    assert keep_trying(lambda: written.append(1) or "done", seconds=10) == "done"
    assert written == [1]


@pytest.mark.django_db(transaction=True)
def test_what_is_written_in_the_end_is_returned(monkeypatch):
    monkeypatch.setattr(outages, "RETRY_INTERVAL", 0)
    errors = [OperationalError(), InterfaceError(), InternalError()]

    def write():
        if errors:
            raise errors.pop()
        return "done"

    assert keep_trying(write, seconds=10) == "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [IntegrityError, DataError, ProgrammingError, ValueError])
def test_what_the_database_refuses_is_not_tried_again(error):
    tries = []

    def write():
        tries.append(1)
        raise error

    with pytest.raises(error):
        keep_trying(write, seconds=10)
    assert len(tries) == 1
