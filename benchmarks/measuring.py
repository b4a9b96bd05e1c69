"""What the benchmarks have in common: databases of their own, measurements taken in turns, and one table."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg

from .cpu import Meter, cpu_seconds
from .results import Result, Row

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
    """The medians of what each measure returns, a number or a tuple; all are called once before, to warm up."""
    for measure in measures:
        measure()
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [_median(side) for side in zip(*taken, strict=True)]


def _median(side):
    if isinstance(side[0], tuple):
        return tuple(statistics.median(figures) for figures in zip(*side, strict=True))
    return statistics.median(side)


def seconds_of(work, times=1, clock=time.perf_counter):
    """How long one call takes, of several made one after the other; by `time.process_time` of the processor alone."""
    began = clock()
    for _ in range(times):
        work()
    return (clock() - began) / times


def cost_of(work, times=1):
    """How long one call takes, what it uses of the processors here, and what it does in PostgreSQL (seconds)."""
    from django.db import connection

    connection.ensure_connection()
    is_postgresql = connection.vendor == "postgresql"
    backend = [connection.connection.info.backend_pid] if is_postgresql else []
    began, cpu, of_backend = time.perf_counter(), time.process_time(), cpu_seconds(backend)
    for _ in range(times):
        work()
    ended = time.perf_counter(), time.process_time(), cpu_seconds(backend)
    return tuple((end - begin) / times for begin, end in zip((began, cpu, of_backend), ended, strict=True))


#: Of this process, from its beginning.
meter = Meter()

#: Where results are appended, a line of JSON each, when this file is named.
RESULTS = "BENCHMARK_RESULTS"


def table(title, rows: Iterable[Row | tuple], rounds=ROUNDS):
    """Print rows, each the median of so many rounds; a tuple is (what, goal, limit, ours, ratio), all texts."""
    rows = [row if isinstance(row, Row) else Row.of_texts(*row) for row in rows]
    result = Result.of(title, rows, rounds, meter.read())
    print(f"\n{result}", flush=True)
    if path := os.environ.get(RESULTS):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(result.as_json(), ensure_ascii=False) + "\n")


#: What measures and returns rows: all of it, or as much as takes a few minutes.
Part = Callable[[bool], Iterable[Row]]


def main(parts: Mapping[str, Part], rounds=ROUNDS, short: Iterable[str] = ()):
    """
    Measure the parts whose titles hold the given words, or without words and --whole those of `short`; several of them
    each in a process of its own, since Django's settings are made once in a process.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="?", default="", help="Only what holds these words: " + "; ".join(parts))
    parser.add_argument("--whole", action="store_true", help="However long it takes.")
    options = parser.parse_args()
    chosen = [title for title in parts if title == options.words] or [it for it in parts if options.words in it]
    if short and not options.words and not options.whole:
        chosen = list(short)
    if not chosen:
        parser.error(f"Nothing is called so. There are: {'; '.join(parts)}.")
    if len(chosen) == 1:
        return table(chosen[0], parts[chosen[0]](options.whole), rounds)
    module = sys.modules["__main__"].__spec__.name
    for title in chosen:
        command = [sys.executable, "-m", module, title, *["--whole"] * options.whole]
        subprocess.run(command, check=True)
