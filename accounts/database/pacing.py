"""Pauses between the many small transactions of work on many rows."""

import time

from django.db import connection

#: Seconds between two transactions in which SQLite's other writers can begin theirs.
PAUSE = 0.03


def let_others_write() -> None:
    """Pause between two transactions, on SQLite, where others would otherwise hardly ever get their turn."""
    if connection.vendor == "sqlite":
        time.sleep(PAUSE)
