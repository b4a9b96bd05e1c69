"""Databases beside the test's own, into which backups are restored."""

from contextlib import contextmanager

from django.db import connection

from chatbot_site.operations.backups import sqlite_copy


@contextmanager
def another_database(folder):
    """An empty database beside the test's own, as the default one of this thread."""
    if connection.vendor == "sqlite":
        with sqlite_copy.opened(folder / "another.db"):
            yield
        (folder / "another.db").unlink()
        return
    ours = connection.settings_dict
    theirs = f"{ours['NAME']}_another"
    on_server(f'DROP DATABASE IF EXISTS "{theirs}"')
    on_server(f'CREATE DATABASE "{theirs}" TEMPLATE template0')
    connection.close()
    connection.settings_dict = {**ours, "NAME": theirs}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = ours
        on_server(f'DROP DATABASE "{theirs}"')


def on_server(statement):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
