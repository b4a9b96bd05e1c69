"""When a number may send, and what stops it for a while or until somebody mends it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.database.prepared import PreparedQuery
from whatsapp.graph.error_codes import Action
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.models import WhatsAppNumber

Status = WhatsAppNumber.Status

#: Stands in `refused_token` while the saved token cannot be read.
UNREADABLE = "unreadable"


_that_may_send = PreparedQuery(
    lambda pk, now: WhatsAppNumber.objects.that_may_send(now).filter(pk=pk).select_related("business"), int, datetime
)


def sendable(number_id: int) -> WhatsAppNumber | None:
    """The number if it may send now, or None. Raises UnreadableSecret when its token cannot be read."""
    for number in _that_may_send.fetch(number_id, timezone.now()):
        return None if is_stopped(number) else number
    return None


#: The columns of a number that sending depends on.
KNOWN = ("access_token", "phone_number_id", "status", "refused_token", "messages_per_second")


def known(number_id: int) -> dict[str, Any]:
    """These columns as they are stored: a claim that compares them tells whether the number has to be read again."""
    return WhatsAppNumber.objects.filter(pk=number_id).values(*KNOWN).first() or {}


def is_stopped(number: WhatsAppNumber) -> bool:
    """Whether Meta refused this very token, and nobody has mended it since."""
    return number.refused_token == digest(number.access_token) and number.status == Status.PROBLEM


def digest(access_token: str) -> str:
    """What stands in `refused_token` for an access token."""
    return hashlib.sha256(access_token.encode()).hexdigest()


def react(number: WhatsAppNumber, trouble: CloudApiTrouble) -> None:
    """Do to the number what a refusal asks for. Its problem is in the language of its business, if that is active."""
    if not isinstance(trouble, CloudApiError):
        return
    match trouble.action:
        case Action.AUTHORIZE:
            stop(number, str(trouble))
        case Action.SLOW:
            hold(number, trouble.error_class.delay)
        case Action.PAUSE_NUMBER:
            pause(_row(number), trouble.error_class.delay, str(trouble))
        case Action.PAUSE_WABA:
            pause(WhatsAppNumber.objects.sharing_account_with(number), trouble.error_class.delay, str(trouble))


def stop(number: WhatsAppNumber, problem: str) -> None:
    """Send nothing with this token any more. Another token, or a successful check, lets the number send again."""
    current = WhatsAppNumber.objects.filter(pk=number.pk).first()
    if current and current.access_token == number.access_token:
        _row(number).update(status=Status.PROBLEM, problem=problem[:500], refused_token=digest(number.access_token))


def note_unreadable(number_id: int) -> bool:
    """
    Say on the number that its token cannot be read. Returns whether nobody had said so before. With its key back, or
    another token, sending goes on by itself.
    """
    number = WhatsAppNumber.objects.select_related("business").filter(pk=number_id, refused_token="").first()
    if number is None:
        return False
    with translation.override(number.business.language):
        problem = _("The saved token cannot be read. Enter it again, or put its key back at the end of FIELD_KEYS.")
    readable = _row(number).filter(refused_token="")
    return bool(readable.update(status=Status.PROBLEM, problem=problem, refused_token=UNREADABLE))


def hold(number: WhatsAppNumber, seconds: int) -> None:
    """Send nothing for some seconds, which is no problem."""
    until = timezone.now() + timedelta(seconds=seconds)
    _row(number).exclude(paused_until__gt=until).update(paused_until=until)


def pause(numbers: QuerySet[WhatsAppNumber], seconds: int, problem: str) -> None:
    """Send nothing for a time, then try again."""
    until = timezone.now() + timedelta(seconds=seconds)
    numbers.exclude(paused_until__gt=until).update(status=Status.PROBLEM, problem=problem[:500], paused_until=until)


def resume(number: WhatsAppNumber) -> None:
    """
    Note that a number sends again: Meta took a message of one whose pause is over, or that has another token. What it
    took before a pause or stop that came meanwhile proves nothing.
    """
    over = Q(paused_until__lte=timezone.now()) | Q(paused_until=None) & ~Q(refused_token="")
    _row(number).filter(over, status=Status.PROBLEM).exclude(refused_token=digest(number.access_token)).update(
        status=Status.CONNECTED, problem="", paused_until=None, refused_token=""
    )


def _row(number: WhatsAppNumber) -> QuerySet[WhatsAppNumber]:
    return WhatsAppNumber.objects.filter(pk=number.pk)
