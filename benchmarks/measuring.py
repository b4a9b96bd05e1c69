"""What the benchmarks have in common: databases of their own, measurements taken in turns, and one table."""

import os
import shutil
import statistics
import sys
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg

KINDS = ("PostgreSQL", "SQLite")

#: Each side is measured this often, in turns with the other.
ROUNDS = 5

SECRETS = {
    "READ_DOT_ENV": "false",
    "SECRET_KEY": "only-for-benchmarks-0123456789-0123456789-0123456789",
    "FIELD_KEYS": "DrUnJZ7IZ6Zkg5cR6uP2cUBOXEXXfbjPyWvJk9BkH0c=",
    "LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "chatbot_site.settings",
}


@contextmanager
def database(name, kind="PostgreSQL", template=""):
    """The URL of a new database, empty or a copy of the one at `template`; gone at the end."""
    with (sqlite_database if kind == "SQLite" else postgresql_database)(name, template) as url:
        yield url


@contextmanager
def sqlite_database(name, template):
    with TemporaryDirectory(prefix=name) as folder:
        path = f"{folder}/{name}.db"
        if template:
            shutil.copyfile(template.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"


@contextmanager
def postgresql_database(name, template):
    """Beside that of DATABASE_URL."""
    base = os.environ.get("DATABASE_URL", "")
    if not base.startswith("postgres"):
        sys.exit("Set DATABASE_URL to a PostgreSQL database; the benchmark makes its own beside it.")
    server = psycopg.connect(base, autocommit=True)
    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    copied = f' TEMPLATE "{urlsplit(template).path.strip("/")}"' if template else ""
    server.execute(f'CREATE DATABASE "{name}"{copied}')
    try:
        yield urlsplit(base)._replace(path=f"/{name}").geturl()
    finally:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.close()


def use(database_url, redis_url=""):
    """Set Django up in this process on a database, migrated."""
    os.environ.update(SECRETS, DATABASE_URL=database_url, REDIS_URL=redis_url)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def in_turns(*measures, rounds=ROUNDS):
    """The medians of what each measure returns; all are called once before, to warm up."""
    for measure in measures:
        measure()
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(side) for side in zip(*taken, strict=True)]


def seconds_of(work, times=1):
    """How long one call takes, of several made one after the other."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def table(title, lines, rounds=ROUNDS):
    """Print lines of (what, goal, limit, ours, ratio), each the median of so many rounds."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [("", "goal", "limit", "ours", "ratio"), *lines]
    widths = [max(len(str(line[column])) for line in lines) for column in range(5)]
    print(f"\n{title} (median of {rounds}; {os.cpu_count()} CPUs, load average {load})")
    for line in lines:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
