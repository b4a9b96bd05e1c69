"""
Asks Meta from time to time how the numbers stand: each number, how long its token lives, and which apps receive the
webhooks of its account, which is confirmed each time. All calls are made outside of transactions, about four for a
number in six hours.

What delivery, webhooks and people write down while Meta is asked stays: its answer may be older than that.
"""

import random
from contextlib import suppress
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from accounts.jobs.job import Columns, Job, TakenOver
from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi, app_api, moment
from whatsapp.graph.error_codes import TOKEN, Action
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.models import WhatsAppNumber
from whatsapp.models.number import TAKEN
from whatsapp.secrets.encryption import UnreadableSecret
from whatsapp.sending import send_gate

from . import alerts, confirmation, labels, numbers

Status = WhatsAppNumber.Status

#: Numbers of one account that are due within ALONG are checked together: what they share is asked once.
EVERY = timedelta(hours=6)
ALONG = timedelta(hours=3)

#: After trouble so soon, and each time twice as late; later when Meta counts too many calls ("Rate limits").
AGAIN = timedelta(minutes=5)
AFTER_TOO_MANY_CALLS = timedelta(hours=1)

#: How long somebody has to check the numbers of an account before others may.
LEASE = timedelta(minutes=10)

#: What Meta confirms of a number, and by which token.
CONFIRMED_FIELDS = ("access_token", "phone_number_id", "waba_id")


def work(number: WhatsAppNumber, seconds: float) -> bool:
    """Check a claimed number, and with it those of its account that soon will be due, if nobody else does."""
    _check_all([number, *_claim_siblings(number)])
    return False


def _claim_siblings(number: WhatsAppNumber) -> list[WhatsAppNumber]:
    now = timezone.now()
    free = Q(check_lease_until__isnull=True) | Q(check_lease_until__lte=now)
    soon = send_gate.siblings(number).filter(free, check_due_at__lte=now + ALONG).exclude(pk=number.pk)
    pks = list(soon.values_list("pk", flat=True))
    soon.filter(pk__in=pks).update(check_due_at=now)
    return [sibling for pk in pks if (sibling := JOB.claim(pk))]


def check(number: WhatsAppNumber) -> WhatsAppNumber:
    """Ask Meta now. Raises Refusal("meta_unreachable") when it does not tell: then the number stays as it was."""
    WhatsAppNumber.objects.filter(pk=number.pk).update(check_due_at=timezone.now(), check_lease_until=None)
    claimed = JOB.claim(number.pk)
    trouble = _check_all([claimed]) if claimed else None
    number.refresh_from_db()
    if trouble and _tells_nothing(trouble):
        raise Refusal("meta_unreachable", numbers.no_answer(trouble))
    return number


def check_soon(some_numbers: QuerySet[WhatsAppNumber]) -> None:
    """Have the tick check numbers of which Meta told something, but no number more often than every five minutes."""
    now = timezone.now()
    for when, concerned in (
        (now + AGAIN, some_numbers.filter(checked_at__gt=now - AGAIN)),
        (now, some_numbers.exclude(checked_at__gt=now - AGAIN)),
    ):
        later = Q(check_due_at__gt=when) | Q(check_lease_until__gt=now)
        concerned.filter(later).update(check_due_at=when)


def _check_all(claimed):
    """Check claimed numbers of one account. Returns the last one's trouble, or None."""
    trouble, account = None, Account()
    with translation.override(claimed[0].business.language):
        for number in claimed:
            if not (trouble and _tells_nothing(trouble)):
                trouble = _check_one(number, account)
            _come_back(number, trouble)
    return trouble


def _check_one(number, account):
    """Ask about one number and write down the answer. Returns the trouble there was, or None."""
    try:
        api = AccountApi(number.access_token)
        facts = api.phone_number(number.phone_number_id)
        _confirm(number, numbers.connection_of(facts, number.phone_number))
        _note_limits(number, facts)
        account.ask(number, api)
    except UnreadableSecret:
        send_gate.note_unreadable(number.pk)
    except CloudApiTrouble as trouble:
        _react(number, trouble)
        return trouble
    return None


def _confirm(number: WhatsAppNumber, connection: numbers.Connection) -> None:
    """Write down what Meta told, and that the phone number ID is the number's, unless it is another's here."""
    try:
        _write(number, connection.facts | {"confirmed_at": timezone.now()}, connection.verdict)
    except IntegrityError:
        _write(number, connection.facts, {"status": Status.PROBLEM, "problem": str(TAKEN)})


def _tells_nothing(trouble):
    """Whether nothing is known of the number: Meta is out of reach or out of order, or counts too many calls."""
    if not isinstance(trouble, CloudApiError):
        return True
    return trouble.action in (Action.RETRY, Action.SLOW) or trouble.http_status >= 500


def _react(number, trouble):
    """
    A refused token stops the number, and a lock pauses it, as when sending. A token that may not read the number may
    send all the same.
    """
    if _tells_nothing(trouble):
        if isinstance(trouble, CloudApiError):
            send_gate.react(number, trouble)
    elif trouble.error_class is TOKEN or trouble.action in (Action.PAUSE_NUMBER, Action.PAUSE_WABA):
        send_gate.react(number, trouble)
        send_gate.same(number).update(checked_at=timezone.now())
    else:
        problem = str(trouble) if trouble.action is Action.AUTHORIZE else numbers.not_found(trouble)
        _write(number, {}, {"status": Status.PROBLEM, "problem": problem[:500]})


@transaction.atomic
def _write(number, facts, verdict):
    """What Meta told, but its verdict only where nobody wrote another one meanwhile, and no pause lasts."""
    now = send_gate.same(number).select_for_update(no_key=True).first()
    if now is None or _was_changed(now, number):
        return
    fields = {**facts, "checked_at": timezone.now()}
    if _verdict(now) == _verdict(number) and not (now.status == Status.PROBLEM and _is_paused(now)):
        fields |= verdict
    for name, value in fields.items():
        setattr(now, name, value)
    now.save(update_fields=fields)


def _verdict(number):
    return number.status, number.problem, number.paused_until, number.refused_token


def _is_paused(number):
    return number.paused_until is not None and number.paused_until > timezone.now()


def _note_limits(number, facts):
    """What Meta says keeps the number, or its account, from sending (Cloud API, "Health status")."""
    told = " ".join(_limits(facts))
    if told:
        alerts.put(send_gate.same(number), "cannot_send", timezone.now() + 4 * EVERY, what=told)
    else:
        alerts.withdraw(send_gate.same(number), "cannot_send")


def _limits(facts):
    health = facts.get("health_status")
    for entity in _objects(health, "entities"):
        if entity.get("can_send_message") not in ("BLOCKED", "LIMITED"):
            continue
        # The status of the number says it already, with what to do.
        if entity.get("entity_type") == "PHONE_NUMBER" and str(facts.get("status")) in labels.STANDINGS:
            continue
        for error in _objects(entity, "errors"):
            yield " ".join(str(error[key]) for key in ("error_description", "possible_solution") if error.get(key))


def _objects(value, name):
    found = value.get(name) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


class Account:
    """What numbers share that are checked together: each token and the account itself are asked about once."""

    def __init__(self):
        self.tokens = {}
        self.listings = {}
        self.apps = None

    def ask(self, number, api):
        """
        Write down when a number's token ends, whether its account lists it, and with all numbers of the account who
        receives the webhooks.
        """
        if number.access_token not in self.tokens:
            self.tokens[number.access_token] = _unless_refused(_inspector(api).debug_token, number.access_token) or {}
        told = self.tokens[number.access_token]
        if "expires_at" in told:
            send_gate.same(number).update(token_expires_at=moment(told["expires_at"]))
        _note_secret(number, str(told.get("app_id", "")))
        if number.waba_id:
            self._confirm(number, api)
        if number.waba_id and self.apps is None:
            self.apps = _unless_refused(api.subscribed_apps, number.waba_id)
            if self.apps is not None:
                _note_apps(send_gate.siblings(number), self.apps, str(told.get("app_id", "")))

    def _confirm(self, number: WhatsAppNumber, api: AccountApi) -> None:
        """Write down whether Meta lists the number in its account to its token."""
        if number.access_token not in self.listings:
            ask = partial(confirmation.listing, api)
            self.listings[number.access_token] = _unless_refused(ask, number.waba_id)
        if listing := self.listings[number.access_token]:
            _note_account(number, listing.standing(number.phone_number_id))


def _inspector(api):
    """With whose credentials a token is inspected: those of the installation's app, or the token's own."""
    if settings.META_APP_ID and settings.META_APP_SECRET:
        return app_api(settings.META_APP_ID, settings.META_APP_SECRET)
    return api


def _unless_refused(call, argument):
    """What a call tells; None when Meta refuses to tell this, which is no trouble of the number's."""
    try:
        return call(argument)
    except CloudApiError as error:
        if error.action is Action.SLOW:
            raise
        return None


def _note_secret(number: WhatsAppNumber, app_id: str) -> None:
    """The installation's secret signs nothing of another app, in whose name the token is."""
    apps = {app_id, settings.META_APP_ID} - {""}
    if len(apps) == 2 and settings.META_APP_SECRET and not number.app_secret:
        alerts.put(send_gate.same(number), "webhook_secret_missing", timezone.now() + 4 * EVERY)
    else:
        alerts.withdraw(send_gate.same(number), "webhook_secret_missing")


@transaction.atomic
def _note_account(number: WhatsAppNumber, standing: confirmation.Standing) -> None:
    now = send_gate.same(number).select_for_update(no_key=True).first()
    if now and not _was_changed(now, number):
        now.waba_confirmed_at, now.alerts = standing.confirmed_at, standing.noted(now.alerts)
        now.save(update_fields=["waba_confirmed_at", "alerts"])


def _was_changed(now: WhatsAppNumber, number: WhatsAppNumber) -> bool:
    """Whether somebody has changed what Meta confirms, so that its answer is of something else."""
    return any(getattr(now, name) != getattr(number, name) for name in CONFIRMED_FIELDS)


def _note_apps(siblings, apps, app_id):
    siblings.update(subscribed_apps=[str(app.get("name") or app.get("id") or "")[:100] for app in apps])
    elsewhere = _elsewhere(apps, {app_id, settings.META_APP_ID} - {""})
    if elsewhere:
        alerts.put(siblings, "webhooks_elsewhere", timezone.now() + 4 * EVERY, what=elsewhere)
    else:
        alerts.withdraw(siblings, "webhooks_elsewhere", *(["app_removed"] if apps else []))


def _elsewhere(apps, our_ids):
    """Who receives the webhooks instead of us; empty when we do, nobody does, or it cannot be known."""
    ours = [app for app in apps if str(app.get("id")) in our_ids] if our_ids else apps
    if not ours:
        return ", ".join(str(app.get("name") or app.get("id")) for app in apps)
    overrides = [str(app.get("override_callback_uri") or settings.PUBLIC_URL) for app in ours]
    # At a local address nobody knows by which one Meta comes in.
    is_ours = not settings.PUBLIC_URL.startswith("https:") or any(
        uri.startswith(settings.PUBLIC_URL) for uri in overrides
    )
    return "" if is_ours else overrides[0]


def _come_back(number, trouble):
    """Note when the number is to be checked next, unless somebody has asked for it meanwhile."""
    failed = min(number.failed_checks + 1, 100) if trouble else 0
    wait = _wait(trouble, failed) * random.uniform(0.9, 1.1)
    with suppress(TakenOver):
        JOB.come_back(number, timezone.now() + wait, failed_checks=failed)


def _wait(trouble, failed):
    if trouble is None or getattr(trouble, "error_class", None) is TOKEN:
        return EVERY
    again = min(AGAIN * 2 ** min(failed - 1, 10), EVERY)
    too_many = isinstance(trouble, CloudApiError) and trouble.action is Action.SLOW
    return max(again, AFTER_TOO_MANY_CALLS) if too_many else again


JOB = Job(
    name="check numbers",
    model=WhatsAppNumber,
    work=work,
    queue="housekeeping",
    interval=10,
    lease=LEASE,
    # Numbers of one account are checked together.
    share=None,
    delays=(AGAIN, AFTER_TOO_MANY_CALLS, EVERY),
    rows=WhatsAppNumber.objects.not_being_deleted,
    columns=Columns("check_due_at", "check_lease_until", "check_attempts", "check_error"),
    stuck_after=timedelta(hours=1),
)
