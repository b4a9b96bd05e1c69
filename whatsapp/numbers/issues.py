"""What about a number needs a person: each thing in a sentence with what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from whatsapp.models import WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from . import alerts, labels, public_address

#: How long before its end a token is worth replacing, and how long a number may go without being checked.
BEFORE_EXPIRY = timedelta(days=7)
UNCHECKED = timedelta(days=1)

#: How long nothing comes in before that is told, and how long refused webhooks are after the last one.
SILENCE = timedelta(days=1)
REFUSALS_SHOWN = timedelta(days=2)


@dataclass(frozen=True)
class Need:
    """`code` is for programs, `text` for people."""

    code: str
    text: str


def needs(number, now):
    """What about a number needs a person, most urgent first. Asks nobody: it goes by the number's fields."""
    return [need for find in FINDERS for need in find(number, now)]


def _problem(number, now):
    """What Meta refused or delivery met. That the number's status says as well is said by it."""
    if number.status != WhatsAppNumber.Status.PROBLEM or not number.problem:
        return
    if number.refused_token:
        yield Need("token_refused", number.problem)
    elif number.paused_until and number.paused_until > now:
        until = date_format(timezone.localtime(number.paused_until), "SHORT_DATETIME_FORMAT")
        told = _("%(problem)s Until %(time)s sending is paused.") % {"problem": number.problem, "time": until}
        yield Need("paused", told)
    elif number.meta_status not in labels.CANNOT_SEND:
        yield Need("problem", number.problem)


def _reception(number: WhatsAppNumber, now: datetime) -> Iterator[Need]:
    """What keeps messages from arriving, or that none has for long."""
    yield from [*_obstacles(number, now)] or _silent(number, now)


def _obstacles(number: WhatsAppNumber, now: datetime) -> Iterator[Need]:
    yield from _secret(number)
    yield from _callback(number, now)
    yield from _refused(number, now)


def may_receive(number: WhatsAppNumber, now: datetime) -> bool:
    """Whether nothing is known that keeps Meta's webhooks away from this number."""
    return not any([*_obstacles(number, now), *_webhooks(number, now)])


def _secret(number: WhatsAppNumber) -> Iterator[Need]:
    if not (_own_secret(number) or settings.META_APP_SECRET):
        yield Need("webhook_secret_missing", str(alerts.SENTENCES["webhook_secret_missing"]))


def _own_secret(number: WhatsAppNumber) -> bool:
    try:
        return bool(number.app_secret)
    except UnreadableSecret:
        return True


def _callback(number: WhatsAppNumber, now: datetime) -> Iterator[Need]:
    # Where something came in lately, Meta has found a way that nobody told of here.
    if not public_address.is_public() and not _came_within(number, SILENCE, now):
        told = _(
            "Meta cannot post to %(url)s: it posts to https addresses on the internet alone, so no message arrives."
            " Whoever runs this installation enters its address on the internet in PUBLIC_URL; a tunnel is enough:"
            " cloudflared tunnel --url http://127.0.0.1:8000, and TRUSTED_PROXIES=1."
        )
        yield Need("callback_not_public", told % {"url": settings.PUBLIC_URL})


def _came_within(number: WhatsAppNumber, time: timedelta, now: datetime) -> bool:
    return number.last_event_at is not None and number.last_event_at > now - time


def _refused(number: WhatsAppNumber, now: datetime) -> Iterator[Need]:
    last = number.webhooks_refused_at
    if last is None or last < now - REFUSALS_SHOWN or not (_own_secret(number) or settings.META_APP_SECRET):
        return
    if _own_secret(number):
        told = _(
            "Webhooks that name this number are refused, since they are not signed with the app secret entered here"
            " (%(count)s, the last one %(time)s). Most likely it is not the secret of the app to which Meta posts:"
            " copy it at Meta, App settings → Basic → App secret, and enter it anew. If messages arrive as they"
            " should, a stranger has sent these, and there is nothing to do."
        )
    else:
        told = _(
            "Webhooks that name this number are refused, since they are not signed by the app of this installation"
            " (%(count)s, the last one %(time)s). Most likely Meta posts to another app: copy its secret at Meta, App"
            " settings → Basic → App secret, and enter it in the settings of this number. If messages arrive as they"
            " should, a stranger has sent these, and there is nothing to do."
        )
    time = date_format(timezone.localtime(last), "SHORT_DATETIME_FORMAT")
    yield Need("webhooks_refused", told % {"count": number.webhooks_refused, "time": time})


def _silent(number: WhatsAppNumber, now: datetime) -> Iterator[Need]:
    if number.last_event_at is None or _came_within(number, SILENCE, now):
        return
    told = _(
        "Since %(time)s nothing has come in from WhatsApp for this number. If nobody wrote, all is well. To be sure,"
        " write to it from a phone: if the message is not here after a minute, compare the callback URL, the verify"
        " token and the fields at Meta with those on the page of the number."
    )
    time = date_format(timezone.localtime(number.last_event_at), "SHORT_DATETIME_FORMAT")
    yield Need("silent", told % {"time": time})


def _standing(number, now):
    if number.meta_status in labels.STANDINGS:
        yield Need(f"status_{number.meta_status.lower()}", str(labels.STANDINGS[number.meta_status]))


def _alerts(number, now):
    for code, sentence in alerts.in_words(number, now):
        yield Need(code, sentence)


def _token(number, now):
    ends = number.token_expires_at
    if ends is None or number.refused_token:
        return
    day = date_format(timezone.localtime(ends), "SHORT_DATE_FORMAT")
    if ends <= now:
        yield Need(
            "token_expired",
            _("The access token expired on %(day)s. Make a new one at Meta, and enter it here.") % {"day": day},
        )
    elif ends <= now + BEFORE_EXPIRY:
        yield Need(
            "token_expires",
            _("The access token expires on %(day)s. Make one at Meta that does not, and enter it here.")
            % {"day": day},
        )


def _webhooks(number, now):
    if number.subscribed_apps == []:
        told = _(
            "Meta posts webhooks of this account to no app: messages do not arrive here. Subscribe your app to the"
            " account at Meta, then check the number here."
        )
        yield Need("not_subscribed", told)


def _name(number, now):
    if number.name_status in labels.NAMES:
        yield Need(f"name_{number.name_status.lower()}", str(labels.NAMES[number.name_status]))


def _quality(number, now):
    if number.quality_rating == "RED":
        told = _(
            "Quality is low: people block or report this number, and Meta may limit it. Write only to those who"
            " expect it."
        )
        yield Need("quality_red", told)
    elif number.quality_rating == "YELLOW":
        told = _("Quality is medium: some people block or report this number. Write only to those who expect it.")
        yield Need("quality_yellow", told)


def _not_checked(number, now):
    since = number.checked_at or number.created_at
    # With a token that cannot be used nobody asks, and that is said already.
    if not number.refused_token and since < now - UNCHECKED:
        told = _(
            "Since %(time)s Meta has told nothing about this number. Check this computer's connection to the internet,"
            " then check the number."
        )
        yield Need("not_checked", told % {"time": date_format(timezone.localtime(since), "SHORT_DATETIME_FORMAT")})


FINDERS = [_problem, _standing, _reception, _alerts, _token, _webhooks, _name, _quality, _not_checked]
