"""Issues: what about a number needs a person, each in a sentence that says what to do (in the API: `needs`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from whatsapp.models import WhatsAppNumber

from . import alerts, labels, public_address

#: How long before its end a token is to be replaced, and how long a number may go unchecked.
EXPIRY_NOTICE = timedelta(days=7)
MAX_UNCHECKED = timedelta(days=1)

#: How long nothing may come in, and for how long after the last one refused webhooks are an issue.
MAX_SILENCE = timedelta(days=1)
REFUSAL_RETENTION = timedelta(days=2)


@dataclass(frozen=True)
class Issue:
    """`code` is for programs, `text` for people."""

    code: str
    text: str


def issues_of(number: WhatsAppNumber, now: datetime) -> list[Issue]:
    """What about a number needs a person, most urgent first. Goes by the number's fields: Meta is not asked."""
    return [issue for find in FINDERS for issue in find(number, now)]


def _problem(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    """What Meta refused, or what delivery ran into, unless the status at Meta says it already."""
    if number.status != WhatsAppNumber.Status.PROBLEM or not number.problem:
        return
    if number.refused_token:
        yield Issue("token_refused", number.problem)
    elif number.paused_until and number.paused_until > now:
        text = _("%(problem)s Sending is paused until %(time)s.")
        yield Issue("paused", text % {"problem": number.problem, "time": _time(number.paused_until)})
    elif number.meta_status not in labels.CANNOT_SEND:
        yield Issue("problem", number.problem)


def _reception(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    """What keeps messages from arriving, or else that none has arrived for long."""
    yield from [*_obstacles(number, now)] or _silent(number, now)


def _obstacles(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    yield from _secret(number)
    yield from _callback(number, now)
    yield from _refused(number, now)


def may_receive(number: WhatsAppNumber, now: datetime) -> bool:
    """Whether nothing is known that keeps webhooks from reaching this number."""
    return not any([*_obstacles(number, now), *_webhooks(number, now)])


def _secret(number: WhatsAppNumber) -> Iterator[Issue]:
    if not (_own_secret(number) or settings.META_APP_SECRET):
        yield Issue("webhook_secret_missing", str(alerts.SENTENCES["webhook_secret_missing"]))


def _own_secret(number: WhatsAppNumber) -> bool:
    """Whether the number has an app secret of its own, be it one that cannot be read."""
    return number.readable_secret("app_secret") != ""


def _callback(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    # Where something came in lately, Meta has a way in that is not configured here.
    if not public_address.is_public() and not _has_received_lately(number, now):
        text = _(
            "Meta cannot post to %(url)s: it posts to https addresses on the internet alone, so no message arrives."
            " Whoever runs this installation enters its address on the internet in PUBLIC_URL; a tunnel is enough:"
            " cloudflared tunnel --url http://127.0.0.1:8000, and TRUSTED_PROXIES=1."
        )
        yield Issue("callback_not_public", text % {"url": settings.PUBLIC_URL})


def _has_received_lately(number: WhatsAppNumber, now: datetime) -> bool:
    return number.last_event_at is not None and number.last_event_at > now - MAX_SILENCE


def _refused(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    last = number.webhooks_refused_at
    if last is None or last < now - REFUSAL_RETENTION or not (_own_secret(number) or settings.META_APP_SECRET):
        return
    if _own_secret(number):
        text = _(
            "Webhooks that name this number are refused, since they are not signed with the app secret entered here"
            " (%(count)s, the last one %(time)s). Most likely it is not the secret of the app to which Meta posts:"
            " copy it at Meta, App settings → Basic → App secret, and enter it anew. If messages arrive as they"
            " should, a stranger has sent these, and there is nothing to do."
        )
    else:
        text = _(
            "Webhooks that name this number are refused, since they are not signed by the app of this installation"
            " (%(count)s, the last one %(time)s). Most likely Meta posts to another app: copy its secret at Meta, App"
            " settings → Basic → App secret, and enter it in the settings of this number. If messages arrive as they"
            " should, a stranger has sent these, and there is nothing to do."
        )
    yield Issue("webhooks_refused", text % {"count": number.webhooks_refused, "time": _time(last)})


def _silent(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    if number.last_event_at is None or _has_received_lately(number, now):
        return
    text = _(
        "Nothing has come in from WhatsApp for this number since %(time)s. If nobody wrote, all is well. To be sure,"
        " write to it from a phone: if the message is not here after a minute, compare the callback URL, the verify"
        " token and the fields at Meta with those on the page of the number."
    )
    yield Issue("silent", text % {"time": _time(number.last_event_at)})


def _status(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    if number.meta_status in labels.STATUS_ADVICE:
        yield Issue(f"status_{number.meta_status.lower()}", str(labels.STATUS_ADVICE[number.meta_status]))


def _alerts(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    for kind, sentence in alerts.current(number, now):
        yield Issue(kind, sentence)


def _token(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    ends = number.token_expires_at
    if ends is None or number.refused_token:
        return
    day = date_format(timezone.localtime(ends), "SHORT_DATE_FORMAT")
    if ends <= now:
        text = _("The access token expired on %(day)s. Make a new one at Meta, and enter it here.")
        yield Issue("token_expired", text % {"day": day})
    elif ends <= now + EXPIRY_NOTICE:
        text = _("The access token expires on %(day)s. Make one at Meta that does not, and enter it here.")
        yield Issue("token_expires", text % {"day": day})


def _webhooks(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    if number.subscribed_apps == []:
        text = _(
            "Meta posts webhooks of this account to no app: messages do not arrive here. Subscribe your app to the"
            " account at Meta, then check the number here."
        )
        yield Issue("not_subscribed", text)


def _name(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    if number.name_status in labels.NAME_ADVICE:
        yield Issue(f"name_{number.name_status.lower()}", str(labels.NAME_ADVICE[number.name_status]))


def _quality(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    if number.quality_rating == "RED":
        text = _(
            "Quality is low: people block or report this number, and Meta may limit it. Write only to those who"
            " expect it."
        )
        yield Issue("quality_red", text)
    elif number.quality_rating == "YELLOW":
        text = _("Quality is medium: some people block or report this number. Write only to those who expect it.")
        yield Issue("quality_yellow", text)


def _not_checked(number: WhatsAppNumber, now: datetime) -> Iterator[Issue]:
    since = number.checked_at or number.created_at
    # With a token that cannot be used Meta is not asked, and another issue says so already.
    if not number.refused_token and since < now - MAX_UNCHECKED:
        text = _(
            "Meta has said nothing about this number since %(time)s. Check this computer's connection to the internet,"
            " then check the number."
        )
        yield Issue("not_checked", text % {"time": _time(since)})


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


FINDERS: list[Callable[[WhatsAppNumber, datetime], Iterator[Issue]]] = [
    _problem,
    _status,
    _reception,
    _alerts,
    _token,
    _webhooks,
    _name,
    _quality,
    _not_checked,
]
