"""
Alerts: what Meta reported about a number or its account that needs a person and is in no field of the number. They
are kept in `WhatsAppNumber.alerts`: the key is a kind and what it is about (`template_quality:order_ready:ru`), the
value holds facts for its sentence, and until when it is shown.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from whatsapp.models import WhatsAppNumber

from .stored_json import moment

#: How long an alert is shown for which no other end is given.
RETENTION = timedelta(days=7)

#: How long an alert is shown that a check of the number found. The next checks renew or withdraw it.
FINDING_RETENTION = timedelta(days=1)

#: A number's alerts; the oldest make room.
MAX_ALERTS = 20

#: Key → facts and `until`, an ISO 8601 moment.
Alerts = dict[str, dict[str, str]]

SENTENCES = {
    "account_disabled": _(
        "Meta has switched off the WhatsApp Business account. See “Account quality” at Meta, and appeal there."
    ),
    "account_to_be_disabled": _(
        "Meta is going to switch off the WhatsApp Business account (%(date)s). See “Account quality” at Meta, and"
        " appeal there."
    ),
    "account_deleted": _("The WhatsApp Business account is deleted at Meta. Connect the number to another one."),
    "account_rejected": _(
        "Meta has rejected the WhatsApp Business account in its review. See “Account quality” at Meta, and appeal"
        " there."
    ),
    "account_restricted": _(
        "Meta has restricted the WhatsApp Business account: %(what)s. See “Account quality” at Meta."
    ),
    "account_violation": _(
        "Meta says that the WhatsApp Business account breaks its rules (%(what)s). See “Account quality” at Meta, and"
        " change what it names, or appeal."
    ),
    "app_removed": _(
        "The app was disconnected from the WhatsApp Business account at Meta. Connect it there again, and enter a new"
        " token here."
    ),
    "account_alert": _("Meta warns: %(what)s See “Account quality” at Meta."),
    "cannot_send": _("Meta does not let this number send as it should: %(what)s"),
    "pin": _(
        "The number's PIN was asked for or changed at Meta (%(date)s). If that was not you, change it in WhatsApp"
        " Manager."
    ),
    "template_quality": _(
        "People complain about the template %(what)s, and Meta may pause it. Send it to fewer people, or change it."
    ),
    "waba_refused": _(
        "Meta does not list this number in the WhatsApp Business account that is entered here%(what)s. So there are no"
        " templates, and no updates about the account. Compare the account ID with WhatsApp → API Setup at Meta,"
        " and make sure that the token may manage that account."
    ),
    "webhook_secret_missing": _(
        "The secret of the Meta app is missing, so whatever Meta posts for this number is refused: no message arrives."
        " Copy it at Meta, App settings → Basic → App secret, and enter it in the settings of this number."
    ),
    "webhooks_elsewhere": _(
        "Meta posts this account's webhooks to another app or address (%(what)s): messages do not arrive here."
        " Subscribe the app of the token, with the callback URL of this page."
    ),
}

RESTRICTIONS = {
    "RESTRICTED_BIZ_INITIATED_MESSAGING": _("it may not write first"),
    "RESTRICTED_CUSTOMER_INITIATED_MESSAGING": _("it may not answer"),
    "RESTRICTED_ADD_PHONE_NUMBER_ACTION": _("it may not add numbers"),
}


#: Alerts of an account that may write to nobody first, except for restrictions that let it.
STOPPING = {"account_disabled", "account_deleted", "account_rejected", "account_restricted", "account_violation"}
MAY_WRITE_FIRST = {"RESTRICTED_CUSTOMER_INITIATED_MESSAGING", "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}


def stops_writing_first(key: str) -> bool:
    """Whether with an alert of this key nobody may be written to first."""
    return _kind_of(key) in STOPPING and key.partition(":")[2] not in MAY_WRITE_FIRST


def put(numbers: QuerySet[WhatsAppNumber], key: str, until: datetime | None = None, **facts: object) -> None:
    """Keep an alert on each of the numbers until a moment, by default for RETENTION."""
    end = until or timezone.now() + RETENTION
    _change(numbers, lambda alerts: including(alerts, key, end, **facts))


def _readable_alerts(stored: object) -> Alerts:
    """What is stored on a number, except what is not an alert."""
    found = stored.items() if isinstance(stored, dict) else ()
    alerts = {key: _texts(alert) for key, alert in found if isinstance(alert, dict)}
    return {key: alert for key, alert in alerts.items() if moment(alert.get("until"))}


def _texts(alert: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in alert.items() if isinstance(value, str)}


def including(alerts: object, key: str, until: datetime, **facts: object) -> Alerts:
    """A number's alerts with one more; the oldest make room."""
    added = {"until": until.isoformat(), **{name: str(value)[:300] for name, value in facts.items()}}
    by_end = sorted((_readable_alerts(alerts) | {key: added}).items(), key=lambda alert: alert[1]["until"])
    return dict(by_end[-MAX_ALERTS:])


def withdraw(numbers: QuerySet[WhatsAppNumber], *kinds: str) -> None:
    """Remove the alerts of some kinds, or of some keys."""
    _change(numbers, lambda alerts: without(alerts, *kinds))


def without(alerts: object, *kinds: str) -> Alerts:
    """A number's alerts except those of some kinds, or of some keys."""
    return {key: alert for key, alert in _readable_alerts(alerts).items() if not {key, _kind_of(key)} & {*kinds}}


@transaction.atomic
def _change(numbers: QuerySet[WhatsAppNumber], change: Callable[[object], Alerts]) -> None:
    for number in numbers.select_for_update(no_key=True).only("alerts").order_by("pk"):
        alerts = change(number.alerts)
        if alerts != number.alerts:
            WhatsAppNumber.objects.filter(pk=number.pk).update(alerts=alerts)


def _kind_of(key: str) -> str:
    return key.partition(":")[0]


def current(number: WhatsAppNumber, now: datetime) -> Iterator[tuple[str, str]]:
    """The kind and the sentence of each alert that still holds."""
    for key, alert in sorted(_readable_alerts(number.alerts).items()):
        kind = _kind_of(key)
        until = moment(alert["until"])
        if kind in SENTENCES and until and until > now:
            yield kind, sentence(key, alert)


def sentence(key: str, facts: Mapping[str, str]) -> str:
    """What an alert with these facts says to people."""
    shown = {"date": facts.get("date", ""), "what": _translated(facts.get("what", ""))}
    return str(SENTENCES[_kind_of(key)]) % shown


def may_write_first(number: WhatsAppNumber, now: datetime) -> bool:
    """Whether no alert that still holds keeps the number from writing to people first."""
    alerts = _readable_alerts(number.alerts).items()
    ends = [moment(alert["until"]) for key, alert in alerts if stops_writing_first(key)]
    return not any(end and end > now for end in ends)


def _translated(what: str) -> str:
    """Meta's words in ours where they are known, the others as they are."""
    return ", ".join(str(RESTRICTIONS.get(word, word)) for word in what.split(", "))
