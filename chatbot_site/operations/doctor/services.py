"""Database, broker, worker and ticks."""

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from chatbot_site.operations import health

from . import public_address
from .findings import Finding, broken, ok, warning

#: How long Redis may take to answer (seconds).
REDIS_TIMEOUT = 3


def database() -> Finding:
    try:
        state = health.database_state()
    except ImproperlyConfigured:
        state = "unreachable"
    if state == "not migrated":
        return broken(
            _("The database is not migrated: this code needs a newer one."), _("Run `python manage.py migrate`.")
        )
    if state != "ok":
        return broken(
            _("The database cannot be reached."),
            _("Start its server, and check DATABASE_URL, the network and the free disk space there."),
        )
    return ok(_("The database (%(kind)s) answers and is migrated.") % {"kind": connection.display_name})


def broker() -> Finding:
    if not settings.REDIS_URL:
        return ok(_("No Redis is set: the worker runs inside `up`."))
    server = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT
    )
    try:
        memory = server.info("memory")
    except RedisError:
        return broken(_("Redis cannot be reached."), _("Start Redis, and check REDIS_URL and the network."))
    if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
        return warning(
            _("Redis throws work away when its memory is full."), _("Set `maxmemory-policy noeviction` in Redis.")
        )
    return ok(_("Redis answers."))


def worker() -> Finding:
    if _is_worked():
        return ok(_("A worker carries out tasks."))
    if settings.REDIS_URL:
        return broken(
            _("No worker carried out a task of the last minute."),
            _("Start `celery -A chatbot_site worker` for every queue, and look into its log."),
        )
    return broken(
        _("No worker runs at %(url)s.") % {"url": settings.PUBLIC_URL},
        _("Start `python manage.py up`. If it runs, look into what it says."),
    )


def ticks() -> Finding:
    if _is_worked():
        return ok(_("Ticks come, and find what is due."))
    action = _("Start one `celery -A chatbot_site beat`, and a worker.")
    if not settings.REDIS_URL:
        action = _("Start `python manage.py up`. If it runs, look into what it says.")
    return broken(_("No tick was carried out in the last minute."), action)


def _is_worked() -> bool:
    """Whether ticks come and a worker carries them out. Without Redis only the process of `up` knows: it is asked."""
    if health.worker_state() == "ok":
        return True
    return not settings.REDIS_URL and public_address.is_ready()
