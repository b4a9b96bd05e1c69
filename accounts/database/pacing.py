"""Work on many rows, done in many small transactions."""

import time

from django.db import connection

#: Seconds that SQLite's other writers have between two transactions.
PAUSE = 0.03


def let_others_write() -> None:
    """Between two transactions; on SQLite others would otherwise hardly get their turn."""
    if connection.vendor == "sqlite":
        time.sleep(PAUSE)
