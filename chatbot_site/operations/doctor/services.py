"""Database, broker, worker and ticks."""

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from chatbot_site.operations import health

from . import public_address
from .findings import Finding, broken, ok, warning

#: How long Redis may take to answer (seconds).
REDIS_TIMEOUT = 3


def database() -> Finding:
    state = health.database_state()
    if state == health.Database.READ_ONLY:
        return broken(
            _("The database accepts no writes."),
            _("Free space on its disk, or name in DATABASE_URL the server that accepts writes, not a standby."),
        )
    if state != health.Database.OK:
        return broken(
            _("The database cannot be reached."),
            _("Start its server, and check DATABASE_URL, the network and the free disk space there."),
        )
    if health.migration_state() == health.Migrations.MISSING:
        return broken(_("The database lacks migrations of this version."), _("Run `python manage.py migrate`."))
    return ok(_("The database (%(kind)s) answers and is migrated.") % {"kind": connection.display_name})


def broker() -> Finding:
    if not settings.REDIS_URL:
        return ok(_("No Redis is set: the worker runs inside `up`."))
    # Its client is imported where there is a Redis.
    import redis

    server = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT
    )
    try:
        memory = server.info("memory")
    except redis.RedisError:
        return broken(_("Redis cannot be reached."), _("Start Redis, and check REDIS_URL and the network."))
    if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
        return warning(
            _("Redis discards tasks when its memory is full."), _("Set `maxmemory-policy noeviction` in Redis.")
        )
    return ok(_("Redis answers."))


def worker() -> Finding:
    silent = _silent_queues()
    if not silent:
        return ok(_("Workers take tasks from every queue."))
    if not settings.REDIS_URL:
        return broken(
            _("No worker runs at %(url)s.") % {"url": settings.PUBLIC_URL},
            _("Start `python manage.py up`. If it is running, read its output."),
        )
    return broken(
        _("No worker takes tasks from these queues: %(queues)s.") % {"queues": ", ".join(silent)},
        _("Start `celery -A chatbot_site worker`, which takes tasks from every queue, and read its log."),
    )


def ticks() -> Finding:
    if _is_ticking():
        return ok(_("Ticks come, and find what is due."))
    action = _("Start one `celery -A chatbot_site beat`.")
    if not settings.REDIS_URL:
        action = _("Start `python manage.py up`. If it is running, read its output.")
    return broken(_("No tick came in the last half minute."), action)


def _silent_queues() -> list[str]:
    """The queues without a heartbeat. Without Redis only the process of `up` knows them: it is asked."""
    silent = [name for name, heartbeat in health.broker_state().queues.items() if not heartbeat.ok]
    if silent and not settings.REDIS_URL:
        queues = public_address.readiness().get("queues", {})
        silent = [name for name in silent if not queues.get(name, {}).get("ok")]
    return silent


def _is_ticking() -> bool:
    if health.broker_state().beat.ok:
        return True
    return not settings.REDIS_URL and bool(public_address.readiness().get("beat", {}).get("ok"))
