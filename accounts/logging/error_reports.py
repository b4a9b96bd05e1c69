"""Keeps secrets out of the error reports that Django mails, and of those it shows with DEBUG on."""

import re
from collections.abc import Callable, ItemsView, Iterable, Iterator
from pprint import pformat
from types import FrameType
from typing import Any
from urllib.parse import unquote_plus

from django.http import HttpRequest, QueryDict
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .redaction import HIDDEN, redact_long

#: Characters. Shorter values may appear anywhere by chance.
MIN_SECRET = 4

#: How much is shown of a value and of a whole report: characters.
MAX_VALUE = 4000
MAX_REPORT = 2_000_000


class SecretsFilter(SafeExceptionReporterFilter):
    """Hides values that have the name of a secret, and secrets within other values."""

    cleansed_substitute = HIDDEN
    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|SESSION|CREDENTIAL|CIPHER|DIGEST"
        r"|^(?:BODY|CODE|PIN|RAW_BODY|_BODY)$",
        re.IGNORECASE,
    )

    def cleanse_setting(self, key: int | str, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return redact_long(cleansed, MAX_VALUE) if isinstance(cleansed, str) else cleansed

    def get_cleansed_multivaluedict(self, request: HttpRequest, multivaluedict: QueryDict) -> QueryDict:
        cleansed = multivaluedict.copy()
        for name in cleansed:
            cleansed.setlist(name, [self.cleanse_setting(name, value) for value in cleansed.getlist(name)])
        return cleansed

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if request is None else self.get_cleansed_multivaluedict(request, request.POST)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> ItemsView[str, Any]:
        secrets = self.secrets_of(request) if request is not None else []
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return {name: self._shown(name, value, secrets) for name, value in variables}.items()

    def _shown(self, name: str, value: object, secrets: list[str]) -> "Shown":
        if self.hidden_settings.search(name):
            return Shown(HIDDEN)
        return Shown(redact_long(_without(secrets, _printed(value)), MAX_VALUE))

    def secrets_of(self, request: HttpRequest) -> list[str]:
        """
        The values that came with a request under the name of a secret, the longest first: as they are, as they stand
        in its address, and as Python writes them.
        """
        came = [
            *request.GET.lists(),
            *request.POST.lists(),
            *((name, [value]) for name, value in request.META.items()),
            *((name, [value]) for name, value in _encoded_query(request)),
        ]
        values = {
            value
            for name, values in came
            if self.hidden_settings.search(name)
            for value in values
            if isinstance(value, str) and len(value) >= MIN_SECRET
        }
        return sorted(values | {repr(value)[1:-1] for value in values}, key=len, reverse=True)


class Shown(str):
    """The text shown in place of a value. Its repr has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _encoded_query(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """(name, value) of the query of a request's address, the values percent-encoded as they came."""
    for pair in request.META.get("QUERY_STRING", "").split("&"):
        name, _equals, value = pair.partition("=")
        yield unquote_plus(name), value


def _printed(value: object) -> str:
    try:
        return pformat(value, width=200)
    except Exception as error:
        return f"{type(error).__name__} while printing it"


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


class RedactedReporter(ExceptionReporter):
    """The report of an error. The request's secrets are hidden wherever they appear in it."""

    filter: SecretsFilter

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if self.request is not None:
            query = self.filter.get_cleansed_multivaluedict(self.request, self.request.GET)
            data["request_GET_items"] = query.items()
        return data

    def get_traceback_html(self) -> SafeString:
        return mark_safe(self._redacted(super().get_traceback_html(), escape))

    def get_traceback_text(self) -> SafeString:
        return mark_safe(self._redacted(super().get_traceback_text(), str))

    def _redacted(self, text: str, encode: Callable[[str], str]) -> str:
        """The report without the request's secrets, which stand in it as `encode` writes them."""
        secrets = self.filter.secrets_of(self.request) if self.request is not None else []
        return redact_long(_without(map(encode, secrets), text), MAX_REPORT)
