"""Django's settings for the database."""

import sys
from pathlib import Path
from typing import Any

from .process_name import process_name

#: How long a connection to SQLite waits for another that writes (seconds).
SQLITE_TIMEOUT = 20
#: How long a connection is used (seconds).
MAX_AGE = 60


def completed(config: dict[str, Any], base_dir: Path) -> dict[str, Any]:
    """The settings of a URL, with all that a kind of database needs. SQLite files are beside manage.py."""
    if config["ENGINE"] == "django.db.backends.sqlite3":
        _do_without_psycopg()
        config = {**config, **_sqlite(base_dir / config["NAME"], base_dir)}
    elif config["ENGINE"] == "django.db.backends.postgresql":
        # Whoever is about to replace the database sees who uses it.
        options = {**config.get("OPTIONS", {}), "application_name": process_name(sys.argv)}
        config = {**config, "OPTIONS": options}
    return {**config, "CONN_MAX_AGE": MAX_AGE, "CONN_HEALTH_CHECKS": True}


def _do_without_psycopg() -> None:
    """
    Have Django REST framework not find the fields of PostgreSQL, for which it would import psycopg: a tenth of the
    memory of `up`, of no use on SQLite.
    """
    sys.modules.setdefault("django.contrib.postgres.fields", None)  # type: ignore[arg-type]


def _sqlite(path: Path, base_dir: Path) -> dict[str, Any]:
    """Safe for many writers: one that begins a transaction waits for the others at once, not in the middle of it."""
    return {
        "ENGINE": "accounts.database.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_TIMEOUT,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
        "TEST": {"NAME": base_dir / "test.sqlite3"},
    }
