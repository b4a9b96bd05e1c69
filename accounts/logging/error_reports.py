"""What Django shows and sends of an error, also with DEBUG on: nothing secret."""

import re
from collections.abc import Callable, Iterable
from pprint import pformat
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.html import escape
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .redaction import HIDDEN, redact_long

#: Shorter values may stand anywhere by chance.
SHORTEST = 4

#: How much is shown of a value, and of a whole report: characters.
MAX_VALUE = 4000
MAX_REPORT = 2_000_000


class SecretsFilter(SafeExceptionReporterFilter):
    """Hides values by their names, wherever they stand, and secrets within the others."""

    cleansed_substitute = HIDDEN
    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|SESSION|CREDENTIAL|CIPHER|DIGEST"
        r"|^(?:BODY|CODE|PIN|RAW_BODY|_BODY)$",
        re.IGNORECASE,
    )

    def cleanse_setting(self, key: object, value: object) -> object:
        cleansed = super().cleanse_setting(key, value)
        return redact_long(cleansed, MAX_VALUE) if isinstance(cleansed, str) else cleansed

    def get_cleansed_multivaluedict(
        self, request: HttpRequest, multivaluedict: MultiValueDict[str, Any]
    ) -> MultiValueDict[str, Any]:
        cleansed = multivaluedict.copy()
        for name in cleansed:
            cleansed.setlist(name, [self.cleanse_setting(name, value) for value in cleansed.getlist(name)])
        return cleansed

    def get_post_parameters(self, request: HttpRequest | None) -> MultiValueDict[str, Any] | dict[str, Any]:
        return {} if request is None else self.get_cleansed_multivaluedict(request, request.POST)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> list[tuple[str, object]]:
        secrets = self.secrets_of(request) if request is not None else []
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self._shown(name, value, secrets)) for name, value in variables]

    def _shown(self, name: str, value: object, secrets: list[str]) -> "Shown":
        if self.hidden_settings.search(name):
            return Shown(HIDDEN)
        return Shown(redact_long(without(secrets, printed(value)), MAX_VALUE))

    def secrets_of(self, request: HttpRequest) -> list[str]:
        """What came with a request under a secret's name, the longest first."""
        came = [
            *request.GET.lists(),
            *request.POST.lists(),
            *((name, [value]) for name, value in request.META.items()),
        ]
        values = {
            value
            for name, values in came
            if self.hidden_settings.search(name)
            for value in values
            if isinstance(value, str) and len(value) >= SHORTEST
        }
        return sorted(values, key=len, reverse=True)


class Shown(str):
    """What stands in for a value, printed as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def printed(value: object) -> str:
    try:
        return pformat(value, width=200)
    except Exception as error:
        return f"{type(error).__name__} while printing it"


def without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


class RedactedReporter(ExceptionReporter):
    """The page of an error. What came as a secret is hidden wherever it turns up in it."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if self.request is not None:
            asked = self.filter.get_cleansed_multivaluedict(self.request, self.request.GET)
            data["request_GET_items"] = asked.items()
        return data

    def get_traceback_html(self) -> str:
        return self._redacted(super().get_traceback_html(), escape)

    def get_traceback_text(self) -> str:
        return self._redacted(super().get_traceback_text(), str)

    def _redacted(self, text: str, written: Callable[[str], str]) -> str:
        secrets = self.filter.secrets_of(self.request) if self.request is not None else []
        return redact_long(without(map(written, secrets), text), MAX_REPORT)
