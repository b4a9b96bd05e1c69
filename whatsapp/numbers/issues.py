"""What about a number needs a person: each thing in a sentence with what to do about it."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from whatsapp.models import WhatsAppNumber

from . import alerts, labels

#: How long before its end a token is worth replacing, and how long nothing is to be heard of Meta.
BEFORE_EXPIRY = timedelta(days=7)
UNCHECKED = timedelta(days=1)


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
        told = _("%(problem)s Sending is paused until %(time)s.") % {"problem": number.problem, "time": until}
        yield Need("paused", told)
    elif number.meta_status not in labels.CANNOT_SEND:
        yield Need("problem", number.problem)


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
            "Meta has not been heard of this number since %(time)s. Check this computer's connection to the internet,"
            " then check the number."
        )
        yield Need("not_checked", told % {"time": date_format(timezone.localtime(since), "SHORT_DATETIME_FORMAT")})


FINDERS = [_problem, _standing, _alerts, _token, _webhooks, _name, _quality, _not_checked]
