"""
Asks Meta from time to time how the numbers stand: each number, how long its token lives, and which apps receive the
webhooks of its account, which is confirmed each time. All calls are made outside of transactions, about four for a
number in six hours.

Meta's answer may be older than what delivery, webhooks and people write meanwhile, so that stays.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from accounts.jobs.job import Columns, Job, TakenOver
from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.client import Json
from whatsapp.graph.error_codes import TOKEN, Action
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.models import WhatsAppNumber
from whatsapp.models.number import TAKEN
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate

from . import alerts, confirmation, labels
from .account_check import AccountCheck
from .connection import Connection, connection_of, no_answer_text, not_found_text
from .stored_json import objects

Status = WhatsAppNumber.Status

CHECK_INTERVAL = timedelta(hours=6)

#: Numbers of one account that are due within this time are checked together: what they share is asked once.
SHARED_CHECK_WINDOW = timedelta(hours=3)

#: The wait after the first failure; it doubles with each. Longer when Meta counts too many calls ("Rate limits").
RETRY_INTERVAL = timedelta(minutes=5)
RATE_LIMIT_INTERVAL = timedelta(hours=1)

#: How long a worker has to check the numbers of an account before others may.
LEASE = timedelta(minutes=10)


def work(number: WhatsAppNumber, seconds: float) -> bool:
    """Check a claimed number, and those of its account that will be due soon, unless others have them."""
    _check_all([number, *_claim_siblings(number)])
    return False


def _claim_siblings(number: WhatsAppNumber) -> list[WhatsAppNumber]:
    now = timezone.now()
    free = Q(check_lease_until__isnull=True) | Q(check_lease_until__lte=now)
    siblings = WhatsAppNumber.objects.sharing_account_with(number).exclude(pk=number.pk)
    soon = siblings.filter(free, check_due_at__lte=now + SHARED_CHECK_WINDOW)
    pks = list(soon.values_list("pk", flat=True))
    soon.filter(pk__in=pks).update(check_due_at=now)
    return [sibling for pk in pks if (sibling := JOB.claim(pk))]


def check(number: WhatsAppNumber) -> WhatsAppNumber:
    """Ask Meta now. Raises Refusal("meta_unreachable") when Meta says nothing: then the number stays as it was."""
    WhatsAppNumber.objects.filter(pk=number.pk).update(check_due_at=timezone.now(), check_lease_until=None)
    claimed = JOB.claim(number.pk)
    trouble = _check_all([claimed]) if claimed else None
    number.refresh_from_db()
    if trouble and _says_nothing(trouble):
        raise Refusal("meta_unreachable", no_answer_text(trouble))
    return number


def check_soon(some_numbers: QuerySet[WhatsAppNumber]) -> None:
    """Have the tick check numbers about which Meta posted something, each at most once in RETRY_INTERVAL."""
    now = timezone.now()
    just_checked = Q(checked_at__gt=now - RETRY_INTERVAL)
    _check_at(now + RETRY_INTERVAL, some_numbers.filter(just_checked))
    _check_at(now, some_numbers.exclude(just_checked))


def _check_at(when: datetime, numbers: QuerySet[WhatsAppNumber]) -> None:
    later = Q(check_due_at__gt=when) | Q(check_lease_until__gt=timezone.now())
    numbers.filter(later).update(check_due_at=when)


def _check_all(claimed: list[WhatsAppNumber]) -> CloudApiTrouble | None:
    """Check claimed numbers of one account. Returns the last one's trouble, or None."""
    trouble, account = None, AccountCheck()
    with translation.override(claimed[0].business.language):
        for number in claimed:
            if not (trouble and _says_nothing(trouble)):
                trouble = _check_one(number, account)
            _come_back(number, trouble)
    return trouble


def _check_one(number: WhatsAppNumber, account: AccountCheck) -> CloudApiTrouble | None:
    """Ask about one number and write the answer. Returns the trouble there was, or None."""
    try:
        api = AccountApi(number.access_token)
        facts = api.phone_number(number.phone_number_id)
        _confirm(number, connection_of(facts, number.phone_number))
        _note_limits(number, facts)
        account.check(number, api)
    except UnreadableSecret:
        send_gate.note_unreadable(number.pk)
    except CloudApiTrouble as trouble:
        _react(number, trouble)
        return trouble
    return None


def _confirm(number: WhatsAppNumber, connection: Connection) -> None:
    """Write what Meta said, and that the phone number ID is the number's, unless it is another's here."""
    try:
        _write(number, connection.facts | {"confirmed_at": timezone.now()}, connection.verdict)
    except IntegrityError:
        _write(number, connection.facts, {"status": Status.PROBLEM, "problem": str(TAKEN)})


def _says_nothing(trouble: CloudApiTrouble) -> bool:
    """Whether nothing is known of the number: Meta is out of reach, has a fault, or counts too many calls."""
    if not isinstance(trouble, CloudApiError):
        return True
    return trouble.action in (Action.RETRY, Action.SLOW) or trouble.http_status >= 500


def _react(number: WhatsAppNumber, trouble: CloudApiTrouble) -> None:
    """
    A refused token stops the number, and a lock pauses it, as when sending. A token that may not read the number may
    send all the same.
    """
    if not isinstance(trouble, CloudApiError):
        return
    if _says_nothing(trouble):
        send_gate.react(number, trouble)
    elif trouble.error_class is TOKEN or trouble.action in (Action.PAUSE_NUMBER, Action.PAUSE_WABA):
        send_gate.react(number, trouble)
        WhatsAppNumber.objects.filter(pk=number.pk).update(checked_at=timezone.now())
    else:
        problem = str(trouble) if trouble.action is Action.AUTHORIZE else not_found_text(trouble)
        _write(number, {}, {"status": Status.PROBLEM, "problem": problem[:500]})


@transaction.atomic
def _write(number: WhatsAppNumber, facts: Mapping[str, object], verdict: Mapping[str, str]) -> None:
    """Write what Meta said, but its verdict only where nobody wrote another one meanwhile, and no pause lasts."""
    now = WhatsAppNumber.objects.filter(pk=number.pk).select_for_update(no_key=True).first()
    if now is None or confirmation.is_outdated(number, now):
        return
    fields = {**facts, "checked_at": timezone.now()}
    if _verdict(now) == _verdict(number) and not (now.status == Status.PROBLEM and _is_paused(now)):
        fields |= verdict
    for name, value in fields.items():
        setattr(now, name, value)
    now.save(update_fields=fields)


def _verdict(number: WhatsAppNumber) -> tuple[object, ...]:
    return number.status, number.problem, number.paused_until, number.refused_token


def _is_paused(number: WhatsAppNumber) -> bool:
    return number.paused_until is not None and number.paused_until > timezone.now()


def _note_limits(number: WhatsAppNumber, facts: Json) -> None:
    """Keep as an alert what keeps the number, or its account, from sending (Cloud API, "Health status")."""
    limits = " ".join(_limits(facts))
    row = WhatsAppNumber.objects.filter(pk=number.pk)
    if limits:
        alerts.put(row, "cannot_send", timezone.now() + alerts.FINDING_RETENTION, what=limits)
    else:
        alerts.withdraw(row, "cannot_send")


def _limits(facts: Json) -> Iterator[str]:
    health = facts.get("health_status")
    for entity in objects(health.get("entities") if isinstance(health, dict) else None):
        if entity.get("can_send_message") not in ("BLOCKED", "LIMITED"):
            continue
        # The number's status says it already, with what to do.
        if entity.get("entity_type") == "PHONE_NUMBER" and str(facts.get("status")) in labels.STATUS_ADVICE:
            continue
        for error in objects(entity.get("errors")):
            yield " ".join(str(error[key]) for key in ("error_description", "possible_solution") if error.get(key))


def _come_back(number: WhatsAppNumber, trouble: CloudApiTrouble | None) -> None:
    """Have the number checked again in time, unless somebody has asked for another moment meanwhile."""
    failed = min(number.failed_checks + 1, 100) if trouble else 0
    wait = _wait(trouble, failed) * random.uniform(0.9, 1.1)
    with suppress(TakenOver):
        JOB.come_back(number, timezone.now() + wait, failed_checks=failed)


def _wait(trouble: CloudApiTrouble | None, failed: int) -> timedelta:
    if trouble is None or isinstance(trouble, CloudApiError) and trouble.error_class is TOKEN:
        return CHECK_INTERVAL
    wait: timedelta = min(RETRY_INTERVAL * 2 ** min(failed - 1, 10), CHECK_INTERVAL)
    is_rate_limited = isinstance(trouble, CloudApiError) and trouble.action is Action.SLOW
    return max(wait, RATE_LIMIT_INTERVAL) if is_rate_limited else wait


JOB = Job(
    name="check numbers",
    model=WhatsAppNumber,
    work=work,
    queue="housekeeping",
    interval=10,
    lease=LEASE,
    # Numbers of one account are checked together.
    share=None,
    delays=(RETRY_INTERVAL, RATE_LIMIT_INTERVAL, CHECK_INTERVAL),
    rows=WhatsAppNumber.objects.not_being_deleted,
    columns=Columns("check_due_at", "check_lease_until", "check_attempts", "check_error"),
    stuck_after=timedelta(hours=1),
)
