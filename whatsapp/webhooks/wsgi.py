"""
The short way of a webhook, before Django's middleware: what Meta posts most, messages and statuses of a number that
was looked up a moment ago, is verified, stored in one statement and answered. Everything else goes the careful way
(`receive`), which has the rules, as if nobody had looked: what is not known, not signed, or not read, and what the
database did not take. Both ways store the same rows.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from . import arrivals, receive
from .publishing import NumberPublisher, publisher
from .signature import is_signed

logger = logging.getLogger(__name__)

#: Seconds for which what was read of a number is believed: so long a secret that was changed is still good.
MAX_AGE = 2.0

#: More numbers than this are not remembered.
MAX_NUMBERS = 10_000

Environment = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environment, StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class Recipient:
    """A number as its webhooks need it. `until` is when it is to be read again, a time.monotonic()."""

    pk: int
    business_id: int
    secret: str
    until: float


#: A change, and whom it is for.
Event = tuple[Recipient, receive.PostedChange]


class Recipients:
    """The numbers of this process's last webhooks, by Meta's phone number ID."""

    def __init__(self) -> None:
        self._by_id: dict[str, Recipient] = {}

    def get(self, phone_number_id: str) -> Recipient | None:
        """The one number with this ID; None when the careful way is to look at it."""
        known = self._by_id.get(phone_number_id)
        if known and known.until > time.monotonic():
            return known
        found = _read(phone_number_id)
        if len(self._by_id) >= MAX_NUMBERS:
            self._by_id.clear()
        if found:
            self._by_id[phone_number_id] = found
        else:
            self._by_id.pop(phone_number_id, None)
        return found


def _read(phone_number_id: str) -> Recipient | None:
    """The number with this ID if there is no other, its secret is known, and nothing is to be noted on it."""
    numbers = receive.numbers_with({phone_number_id})
    secrets = receive.secrets_of(numbers).of_numbers
    if len(numbers) != 1 or not secrets or arrivals.is_to_be_noted(numbers[0]):
        return None
    [(number, secret)] = secrets.items()
    return Recipient(number.pk, number.business_id, secret, time.monotonic() + MAX_AGE)


class WebhookMiddleware:
    """Around the WSGI application."""

    def __init__(self, application: Application, publisher: NumberPublisher = publisher) -> None:
        self._application = application
        self._publisher = publisher
        self._recipients = Recipients()
        self._path = reverse("whatsapp-webhook")

    def __call__(self, environ: Environment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != self._path or environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start_response)
        body = _body(environ)
        if body is None or not self._store(body, environ.get("HTTP_X_HUB_SIGNATURE_256", "")):
            return self._application(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    def _store(self, body: bytes, signature: str) -> bool:
        """Store what was posted, if it is ordinary. Otherwise, and when it could not be stored, returns False."""
        try:
            events = self._events(body, signature)
            if events:
                _insert(events)
        except Error:
            logger.exception("A webhook could not be stored the short way.")
            return False
        if events:
            self._publisher.publish({recipient.pk for recipient, _change in events})
        return bool(events)

    def _events(self, body: bytes, signature: str) -> list[Event]:
        """The changes of a body with their numbers; empty unless each is ordinary and signed by its number."""
        events = []
        for change in receive.read_changes(body):
            recipient = self._recipients.get(change.phone_number_id) if change.field == "messages" else None
            if recipient is None or not is_signed(body, signature, recipient.secret):
                return []
            events.append((recipient, change))
        return events


_COLUMNS = "business_id, whatsapp_number_id, field, value, received_at, due_at, attempts, last_error"


def _insert(events: list[Event]) -> None:
    """One statement, committed by itself."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s, 0, '')"] * len(events))
    values = [
        value
        for recipient, change in events
        for value in (recipient.business_id, recipient.pk, change.field, json.dumps(change.value), now, now)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO webhook_events ({_COLUMNS}) VALUES {rows}", values)


def _body(environ: Environment) -> bytes | None:
    """What is posted, put back for whoever reads it next; None when it is of no known or of too great a length."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE or _is_redirected(environ):
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body if len(body) == int(length) else None


def _is_redirected(environ: Environment) -> bool:
    """Whether Django sends what comes this way to https."""
    if not settings.SECURE_SSL_REDIRECT:
        return False
    request = HttpRequest()
    request.META = environ
    return not request.is_secure()
