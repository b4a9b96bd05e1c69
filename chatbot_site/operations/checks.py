"""System checks of the configuration: each says what is wrong and what to write into .env."""

import re
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.module_loading import import_string

from accounts.plans import PLANS
from whatsapp.secrets import key_rotation

MAKE_ENV = "Run `python manage.py up` once: it makes .env with fresh secrets."


@register
def secret_key_is_set(app_configs, **kwargs):
    try:
        settings.SECRET_KEY  # noqa: B018
    except ImproperlyConfigured:
        return [Error("SECRET_KEY is empty.", hint=MAKE_ENV, id="site.E001")]
    return []


@register
def field_keys_are_keys(app_configs, **kwargs):
    if not settings.FIELD_KEYS:
        return [Error("FIELD_KEYS is empty.", hint=MAKE_ENV, id="site.E002")]
    errors = []
    for position, key in enumerate(settings.FIELD_KEYS, 1):
        try:
            Fernet(key)
        except ValueError:
            errors.append(
                Error(
                    f"Key {position} of FIELD_KEYS is not a Fernet key.",
                    hint='Make one: python -c "from cryptography.fernet import Fernet; '
                    'print(Fernet.generate_key().decode())"',
                    id="site.E003",
                )
            )
    return errors


@register
def urls_are_possible(app_configs, **kwargs):
    errors = []
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme not in ("http", "https") or not public.hostname:
        errors.append(
            Error("PUBLIC_URL is not a web address.", hint="Write it like https://chat.example.com", id="site.E004")
        )
    graph = urlsplit(settings.META_GRAPH_URL)
    local = graph.hostname in ("127.0.0.1", "localhost", "::1")
    if graph.scheme != "https" and not (graph.scheme == "http" and local):
        errors.append(
            Error(
                "META_GRAPH_URL must be https; tokens would travel in clear.",
                hint="Leave it out for Meta's own, or use http://127.0.0.1:… for a simulator.",
                id="site.E005",
            )
        )
    return errors


@register
def choices_are_known(app_configs, **kwargs):
    errors = []
    if settings.DEFAULT_PLAN not in PLANS:
        errors.append(
            Error(
                f"DEFAULT_PLAN is {settings.DEFAULT_PLAN!r}, which is no plan.",
                hint=f"Choose one of: {', '.join(PLANS)}",
                id="site.E006",
            )
        )
    if settings.REGISTRATION_RATE and not re.fullmatch(r"\d+/(second|minute|hour|day)", settings.REGISTRATION_RATE):
        errors.append(
            Error(
                f"REGISTRATION_RATE is {settings.REGISTRATION_RATE!r}, which is no rate.",
                hint="Write it like 20/hour (second, minute, hour or day), or leave it empty for none.",
                id="site.E010",
            )
        )
    if settings.REGISTRATION not in ("open", "closed"):
        errors.append(Error("REGISTRATION must be open or closed.", id="site.E007"))
    if settings.LANGUAGE_CODE not in dict(settings.LANGUAGES):
        errors.append(Error("LANGUAGE_CODE must be ru or en.", id="site.E008"))
    return errors


@register
def event_handler_exists(app_configs, **kwargs):
    try:
        import_string(settings.WHATSAPP_EVENT_HANDLER)
    except ImportError as error:
        return [Error(f"WHATSAPP_EVENT_HANDLER cannot be imported: {error}", id="site.E009")]
    return []


@register(Tags.database)
def field_keys_open_what_is_stored(app_configs, databases, **kwargs):
    """Run by `migrate`, `up` and `check --database default`."""
    if not databases or not settings.FIELD_KEYS:
        return []
    try:
        unreadable = key_rotation.first_unreadable()
    except (DatabaseError, ValueError):
        # Not migrated yet, or a key that is none, of which field_keys_are_keys tells.
        return []
    if unreadable is None:
        return []
    return [
        Warning(
            f"FIELD_KEYS does not open a stored secret ({unreadable.model._meta.verbose_name} {unreadable.pk}).",
            hint="Put the old key back at its end. `python manage.py rotate_field_keys` lists all of them.",
            id="site.W001",
        )
    ]
