"""
How a call of Graph can fail. Meta has no idempotency key, so what matters most about a failure is whether the request
may have been carried out.
"""

from django.utils.translation import gettext as _

from .error_codes import Action, ErrorClass, classify, explain


class CloudApiTrouble(Exception):
    """A call that did not succeed. Its text is a sentence for people."""


class CloudApiError(CloudApiTrouble):
    """Meta's refusal. `code` is None when something on the way answered in Meta's place."""

    def __init__(
        self,
        code: int | None,
        title: str = "",
        details: str = "",
        http_status: int = 400,
        subcode: int | None = None,
    ) -> None:
        super().__init__(code, title, details, http_status, subcode)
        self.code = code
        self.title = title
        self.details = details
        self.http_status = http_status
        self.subcode = subcode

    @property
    def error_class(self) -> ErrorClass:
        return classify(self.code, self.http_status, self.subcode)

    @property
    def action(self) -> Action:
        return self.error_class.action

    @property
    def summary(self) -> str:
        """Meta's code and title, as they are quoted to people."""
        return ", ".join(str(part) for part in (self.code, self.title) if part)

    def __str__(self) -> str:
        return explain(self.code, self.details or self.title, self.http_status, self.subcode)


class Unreachable(CloudApiTrouble):
    """Nothing was sent: the connection was refused, timed out, or the name was not found."""

    def __str__(self) -> str:
        return _("Meta cannot be reached. Check this computer's connection to the internet.")


class AnswerLost(CloudApiTrouble):
    """The request may have been carried out, but its answer did not come or is not Meta's."""

    def __str__(self) -> str:
        return _("Meta's answer was lost, so the message may have been sent.")


class FileNotPassed(CloudApiTrouble):
    """A file did not come, or go, to its end."""

    def __str__(self) -> str:
        return _("The file did not pass completely between here and Meta.")


class FileTooLarge(CloudApiTrouble):
    """A file is larger than WhatsApp carries."""

    def __str__(self) -> str:
        return _("The file is larger than WhatsApp carries.")
