"""
Removes secrets from logs and error reports: tokens, keys, passwords and signatures become `***`, and of phones the
last four digits remain.

Strangers write much of what is logged. So each rule takes time in proportion to the text, and a text is cut before it
is searched.
"""

import copy
import logging
import os
import re
from collections.abc import Callable
from types import TracebackType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

HIDDEN = "***"

#: Settings whose values are hidden wherever they appear.
SECRET_SETTINGS = ("SECRET_KEY", "META_APP_SECRET", "META_VERIFY_TOKEN", "EMAIL_HOST_PASSWORD")

#: Characters. Shorter values would match ordinary words.
MIN_SECRET = 8

#: How much is logged of a message or of a line of a traceback, and of a whole traceback: characters.
MAX_MESSAGE = 10_000
MAX_TRACEBACK = 50_000

#: Characters beyond a cut that are searched too, so that a secret divided by the cut is still found.
CUT_MARGIN = 1000

#: What the names of secrets end in, in addresses, forms, headers, JSON and Python's notation.
SECRET_NAMES = r"(?:token|secret|password|passwd|api[_-]?key|signature(?:-256)?|appsecret_proof|\bpin|\bsessionid)"

#: An opening or closing quote, also as it is escaped within JSON or HTML.
QUOTE = r"(?:\\?[\"']|&quot;|&#x27;|&#39;)"

#: What comes before a quoted secret, or the first of a list: its name, = or :, and the opening quote.
QUOTED = rf"{SECRET_NAMES}{QUOTE}?\s*[:=]\s*[\[(]?[bu]?(?P<quote>{QUOTE})"

#: A text without any of these (in lower case) holds no named secret.
HINTS_OF_NAMES = ("token", "secret", "passw", "api", "signature", "pin", "session", "proof")

#: What is searched, and what replaces it: name="value" and "name": "value", then the same without its closing quote,
#: lost to a cut, then name=value and "name": value. A backslash and what follows it match in one way only.
RULES_OF_NAMES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(rf"(?i)({QUOTED})(?:\\.|(?!(?P=quote))[^\\\n])+(?P=quote)"), rf"\g<1>{HIDDEN}\g<quote>"),
    (re.compile(rf"(?i)({QUOTED})(?!{re.escape(HIDDEN)}|(?P=quote))[^\n]+"), rf"\g<1>{HIDDEN}"),
    (
        re.compile(rf"(?i)({SECRET_NAMES}(?:=|{QUOTE}\s*:\s*))(?![\[(]?[bu]?{QUOTE})[^\s&,;)}}\]<\"']+"),
        rf"\g<1>{HIDDEN}",
    ),
]

#: What a text must contain (in lower case) to be searched at all, what is searched, and what replaces it.
RULES: list[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    # Meta's access tokens.
    ("eaa", re.compile(r"EAA[\w-]{4,}"), f"EAA{HIDDEN}"),
    # What is encrypted by FIELD_KEYS, and such a key.
    ("gaaaa", re.compile(r"gAAAA[\w-]{20,}=*"), HIDDEN),
    ("=", re.compile(r"(?<![\w-])[\w-]{43}=(?!=)"), HIDDEN),
    # The Authorization header, and its schemes by themselves.
    (
        "authorization",
        re.compile(
            rf"(?i)(authorization{QUOTE}?\s*[:=]\s*(?:b?{QUOTE})?(?:(?:bearer|token|basic)\s+)?)"
            # Of another scheme, whose name is taken for the secret, the secret follows.
            r"[^\s\"'&,;]+(?:[ \t]+[^\s\"'&,;]+)?"
        ),
        rf"\1{HIDDEN}",
    ),
    ("bearer ", re.compile(r"(?i)\b(bearer)\s+[^\s\"'&,;]{4,}"), rf"\1 {HIDDEN}"),
    ("basic ", re.compile(r"\b(Basic)\s+[\w+/]{8,}=*"), rf"\1 {HIDDEN}"),
    # An app's token: its id and its secret.
    ("|", re.compile(r"\b(\d{5,})\|[\w-]{6,}"), rf"\1|{HIDDEN}"),
    ("%7c", re.compile(r"(?i)\b(\d{5,})%7C[\w-]{6,}"), rf"\1|{HIDDEN}"),
    # The password in an address.
    ("://", re.compile(r"(://[^\s/:@\"']*):[^\s/\"']+@"), rf"\1:{HIDDEN}@"),
    # The code that embedded signup exchanges.
    ("code=", re.compile(r"([?&]code=)[^\s&\"']+"), rf"\1{HIDDEN}"),
    # App secrets, the keys of API tokens, signatures.
    ("", re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{32,}(?![0-9A-Za-z])"), HIDDEN),
    # Phones as people and as Meta write them.
    ("+", re.compile(r"\+\d[\d ()-]{6,18}\d"), lambda match: masked_phone(match[0])),
    ("", re.compile(r"(?<![\w.+-])[1-9]\d{10,12}(?!\w|[.-]\d)"), lambda match: masked_phone(match[0])),
]

#: Characters that begin a new line, move the terminal's cursor or reverse the direction of the text.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def redact(text: str) -> str:
    """The text with its secrets hidden."""
    for secret in known_secrets():
        text = text.replace(secret, HIDDEN)
    lower = text.lower()
    if any(hint in lower for hint in HINTS_OF_NAMES):
        for pattern, replacement in RULES_OF_NAMES:
            text = pattern.sub(replacement, text)
    for hint, pattern, substitute in RULES:
        if hint in lower:
            text = pattern.sub(substitute, text)
    return text


def redact_beginning(text: str, limit: int) -> str:
    """The first `limit` characters of a text with their secrets hidden. Little more than these is searched."""
    if len(text) <= limit:
        return redact(text)
    # A secret divided by the cut comes out differently with a later cut; what both have in common is safe.
    return os.path.commonprefix([redact(text[:limit]), redact(text[: limit + CUT_MARGIN])])


def redact_long(text: str, limit: int) -> str:
    """What `redact_beginning` returns, followed by the number of characters left out."""
    beginning = redact_beginning(text, limit)
    return f"{beginning}… ({len(text) - limit:,} characters more)" if len(text) > limit else beginning


def known_secrets() -> list[str]:
    """The installation's own secrets, which no pattern can recognise."""
    values = [_setting(name) for name in SECRET_SETTINGS]
    values += [str(database.get("PASSWORD") or "") for database in settings.DATABASES.values()]
    return [value for value in values if value and len(value) >= MIN_SECRET]


def _setting(name: str) -> str:
    try:
        return getattr(settings, name, "")
    except ImproperlyConfigured:
        # SECRET_KEY is empty. A system check reports that; logging has to work.
        return ""


def masked_phone(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    return f"+{digits[0]}{HIDDEN}{digits[-4:]}"


def one_line(text: str) -> str:
    """The text with its control characters escaped, so that it cannot pass for several lines of a log."""
    if text.isprintable():
        return text
    return CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


class RedactingFormatter(logging.Formatter):
    """Formats a record as one line without secrets, and below it the indented lines of its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        # Another formatter may have left its traceback here, secrets included.
        record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        if len(record.message) > MAX_MESSAGE:
            record.message = redact_long(record.message, MAX_MESSAGE)
        return one_line(redact(super().formatMessage(record)))

    def formatException(
        self, error: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return self._below(super().formatException(error))

    def formatStack(self, stack: str) -> str:
        return self._below(super().formatStack(stack))

    def _below(self, text: str) -> str:
        lines = (redact_long(line, MAX_MESSAGE) if len(line) > MAX_MESSAGE else line for line in text.split("\n"))
        return "\n".join(f"    {one_line(line)}" for line in redact_long("\n".join(lines), MAX_TRACEBACK).split("\n"))
