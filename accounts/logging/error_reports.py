"""What Django shows and sends of an error, also with DEBUG on: nothing secret."""

import re
from pprint import pformat

from django.utils.html import escape
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .redaction import HIDDEN, redact

#: Shorter values may stand anywhere by chance.
SHORTEST = 4


class SecretsFilter(SafeExceptionReporterFilter):
    """Hides values by their names, wherever they stand, and secrets within the others."""

    cleansed_substitute = HIDDEN
    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|SESSION|CREDENTIAL|CIPHER|DIGEST"
        r"|^(?:BODY|CODE|PIN|RAW_BODY|_BODY)$",
        re.IGNORECASE,
    )

    def cleanse_setting(self, key, value):
        cleansed = super().cleanse_setting(key, value)
        return redact(cleansed) if isinstance(cleansed, str) else cleansed

    def get_cleansed_multivaluedict(self, request, multivaluedict):
        cleansed = multivaluedict.copy()
        for name in cleansed:
            cleansed.setlist(name, [self.cleanse_setting(name, value) for value in cleansed.getlist(name)])
        return cleansed

    def get_post_parameters(self, request):
        return {} if request is None else self.get_cleansed_multivaluedict(request, request.POST)

    def get_traceback_frame_variables(self, request, tb_frame):
        return [
            (name, self._shown(name, value))
            for name, value in super().get_traceback_frame_variables(request, tb_frame)
        ]

    def _shown(self, name, value):
        return Shown(HIDDEN if self.hidden_settings.search(name) else redact(printed(value)))

    def secrets_of(self, request):
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

    def __repr__(self):
        return str(self)


def printed(value):
    try:
        return pformat(value, width=200)
    except Exception as error:
        return f"{type(error).__name__} while printing it"


class RedactedReporter(ExceptionReporter):
    """The page of an error. What came as a secret is hidden wherever it turns up in it."""

    def get_traceback_data(self):
        data = super().get_traceback_data()
        if self.request is not None:
            asked = self.filter.get_cleansed_multivaluedict(self.request, self.request.GET)
            data["request_GET_items"] = asked.items()
        return data

    def get_traceback_html(self):
        return self._redacted(super().get_traceback_html(), escape)

    def get_traceback_text(self):
        return self._redacted(super().get_traceback_text(), str)

    def _redacted(self, text, written):
        for secret in self.filter.secrets_of(self.request) if self.request is not None else []:
            text = text.replace(written(secret), HIDDEN)
        return redact(text)
