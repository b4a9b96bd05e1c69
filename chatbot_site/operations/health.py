"""Whether the process lives, and whether the installation can do its work."""

from functools import cache as remember

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from redis.exceptions import RedisError

HEARTBEAT = "worker-heartbeat"
#: A worker that noted no heartbeat for this long counts as gone (seconds).
HEARTBEAT_LASTS = 60


class NotMigrated(Exception):
    """The database lacks migrations of this code."""


def note_heartbeat():
    """Called by a tick in the worker: ticks come, and a worker carries them out."""
    cache.set(HEARTBEAT, True, HEARTBEAT_LASTS)


@remember
def check_migrated():
    """Raise NotMigrated. Once true it stays true for this process's code, and is not asked again."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMigrated


def database_state():
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        check_migrated()
    except NotMigrated:
        return "not migrated"
    except DatabaseError:
        return "unreachable"
    return "ok"


def worker_state():
    try:
        return "ok" if cache.get(HEARTBEAT) else "not running"
    except RedisError:
        return "Redis unreachable"


def livez(request):
    """200 while this process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request):
    """200 when the database is reached and migrated and a worker runs; otherwise 503 and what is missing."""
    states = {"database": database_state(), "worker": worker_state()}
    return JsonResponse(states, status=200 if set(states.values()) == {"ok"} else 503)
