"""System checks of the configuration: each says what is wrong and what to write into .env."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from accounts.plans import PLANS
from whatsapp.secrets import key_rotation

from .configuration import Problem
from .startup import CONFIGURATION

Apps = Sequence[AppConfig] | None

MIN_SQLITE = (3, 35)

NEW_SECRET_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'
NEW_FIELD_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


@register(CONFIGURATION)
def variables_can_be_used(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """An error for each variable that was read as its default because it cannot be used."""
    return [_cannot_be_used(problem) for problem in settings.CONFIGURATION_PROBLEMS]


def _cannot_be_used(problem: Problem) -> CheckMessage:
    names = {"variable": problem.variable, "value": problem.value}
    if problem.value:
        message = gettext("%(variable)s cannot be used: “%(value)s”.") % names
    else:
        message = gettext("%(variable)s cannot be used.") % names
    return Error(message, hint=str(problem.hint), id="site.E004")


@register(CONFIGURATION)
def secret_key_is_set(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    try:
        settings.SECRET_KEY  # noqa: B018
    except ImproperlyConfigured:
        return [Error(_is_empty("SECRET_KEY"), hint=_how_to_make(NEW_SECRET_KEY), id="site.E001")]
    return []


def _is_empty(variable: str) -> str:
    return gettext("%(variable)s is empty.") % {"variable": variable}


def _how_to_make(command: str) -> str:
    return gettext(
        "Make one and write it into .env, the same on every machine: %(command)s\nOn your own computer the first"
        " `python manage.py up` makes .env by itself."
    ) % {"command": command}


@register(CONFIGURATION)
def field_keys_are_keys(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not settings.FIELD_KEYS:
        return [Error(_is_empty("FIELD_KEYS"), hint=_how_to_make(NEW_FIELD_KEY), id="site.E002")]
    errors: list[CheckMessage] = []
    for position, key in enumerate(settings.FIELD_KEYS, 1):
        try:
            Fernet(key)
        except ValueError:
            errors.append(
                Error(
                    gettext("Key %(position)s of FIELD_KEYS is not a Fernet key.") % {"position": position},
                    hint=gettext("Make one: %(command)s") % {"command": NEW_FIELD_KEY},
                    id="site.E003",
                )
            )
    return errors


@register(CONFIGURATION)
def default_plan_is_known(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEFAULT_PLAN in PLANS:
        return []
    choices = ", ".join(PLANS)
    return [
        Error(
            gettext("%(variable)s cannot be used: “%(value)s”.")
            % {"variable": "DEFAULT_PLAN", "value": settings.DEFAULT_PLAN},
            hint=gettext("Write one of these: {choices}.").format(choices=choices),
            id="site.E006",
        )
    ]


@register(CONFIGURATION)
def sqlite_is_new_enough(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """What is inserted tells its id by RETURNING, which SQLite has since 3.35 (https://www.sqlite.org)."""
    is_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if not is_sqlite or sqlite3.sqlite_version_info >= MIN_SQLITE:
        return []
    return [
        Error(
            gettext("The SQLite of this Python is version %(version)s; 3.35 or newer is needed.")
            % {"version": sqlite3.sqlite_version},
            hint=gettext("Install a newer Python, as from python.org, or use PostgreSQL (DATABASE_URL)."),
            id="site.E010",
        )
    ]


@register(CONFIGURATION)
def event_handler_exists(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    try:
        import_string(settings.WHATSAPP_EVENT_HANDLER)
        import_string(settings.WHATSAPP_RECIPIENT_HANDLER)
    except ImportError as error:
        return [
            Error(f"WHATSAPP_EVENT_HANDLER or WHATSAPP_RECIPIENT_HANDLER cannot be imported: {error}", id="site.E009")
        ]
    return []


@register(Tags.database)
def field_keys_decrypt_what_is_stored(
    app_configs: Apps, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of stored secrets that no key decrypts. Run by `migrate`, `up` and `check --database default`."""
    if not databases or not settings.FIELD_KEYS:
        return []
    try:
        unreadable = key_rotation.first_unreadable()
    except (DatabaseError, ImproperlyConfigured, ValueError):
        # Not migrated yet; or the database or a key cannot be used, which other checks say.
        return []
    if unreadable is None:
        return []
    return [
        Warning(
            gettext("No key in FIELD_KEYS decrypts a stored secret (%(kind)s %(id)s).")
            % {"kind": unreadable.model._meta.verbose_name, "id": unreadable.pk},
            hint=gettext(
                "Put the old key back at the end of FIELD_KEYS; `python manage.py rotate_field_keys` lists such"
                " secrets."
            ),
            id="site.W001",
        )
    ]
