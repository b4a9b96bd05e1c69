"""What becomes of a row of the ledger, by the answer to its call. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from whatsapp.graph.error_codes import UNAVAILABLE, Action
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble, FileNotPassed, Unreachable
from whatsapp.models import OutboundMessage

Status = OutboundMessage.Status

#: What came of a call: the id of the accepted message, or the trouble; None when there was nothing to send.
Answer = str | CloudApiTrouble | None

#: The message is not at fault: it waits until the number sends again.
NUMBER_WAITS = (Action.AUTHORIZE, Action.PAUSE_NUMBER, Action.PAUSE_WABA)

#: After so many uploads that broke off, Meta is not given a file any more.
MAX_BROKEN_UPLOADS = 8

#: How long a file waits for a number that may not send, or whose token cannot be read.
NUMBER_RETRY_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True)
class Outcome:
    """The new values of a row that was `sending`."""

    status: str
    wamid: str | None = None
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    error_code: int | None = None
    error_title: str = ""

    @property
    def but_for_wamid(self) -> dict[str, object]:
        """Of rows that share these values, the same became."""
        return {name: value for name, value in vars(self).items() if name != "wamid"}


def outcome_of(answer: Answer, attempts: int, now: datetime) -> Outcome:
    """The outcome of a message after its so many-th attempt."""
    if answer is None:
        return _broken()
    if isinstance(answer, CloudApiTrouble):
        return after_trouble(answer, attempts, now)
    return accepted(answer, now)


def accepted(wamid: str, now: datetime) -> Outcome:
    return Outcome(Status.ACCEPTED, wamid=wamid, accepted_at=now)


def _broken() -> Outcome:
    """The row holds nothing that can be sent."""
    return Outcome(Status.FAILED, error_title=_("The message could not be put together, so it was not sent."))


def after_trouble(trouble: CloudApiTrouble, attempts: int, now: datetime) -> Outcome:
    """The outcome of a message that met trouble at its so many-th attempt."""
    if isinstance(trouble, Unreachable):
        return _wait(trouble, UNAVAILABLE.retry_after(attempts) or 0, now)
    if not isinstance(trouble, CloudApiError):
        # AnswerLost: it may have been sent, so no machine sends it again.
        return Outcome(Status.UNKNOWN, error_title=str(trouble)[:500])
    if trouble.action in NUMBER_WAITS:
        return _wait(trouble, 0, now)
    seconds = trouble.error_class.retry_after(attempts)
    if seconds is not None:
        return _wait(trouble, seconds, now)
    return Outcome(Status.FAILED, error_code=trouble.code, error_title=str(trouble)[:500])


def _wait(trouble: CloudApiTrouble, seconds: int, now: datetime) -> Outcome:
    code = getattr(trouble, "code", None)
    due_at = now + timedelta(seconds=seconds)
    return Outcome(Status.QUEUED, due_at=due_at, error_code=code, error_title=str(trouble)[:500])


def upload_delay(trouble: CloudApiTrouble, attempts: int) -> timedelta | None:
    """How long a file waits for its next upload after so many attempts; None when there is to be none."""
    error_class = trouble.error_class if isinstance(trouble, CloudApiError) else UNAVAILABLE
    if error_class.action in NUMBER_WAITS:
        return NUMBER_RETRY_INTERVAL
    if isinstance(trouble, FileNotPassed) and attempts >= MAX_BROKEN_UPLOADS:
        return None
    seconds = error_class.retry_after(attempts)
    return None if seconds is None else timedelta(seconds=seconds)
