"""
Quick setup: turns an access token and a WhatsApp Business account ID into connected numbers.

Each step may fail alone; those that do not depend on it are done. Run again, a setup does what is left. Meta is never
asked inside a transaction.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs.job import Job, TakenOver
from accounts.models import User
from accounts.refusals import Refusal
from whatsapp.graph.errors import CloudApiTrouble
from whatsapp.models import QuickSetup, WhatsAppNumber

from .account_steps import AccountSteps
from .failures import code_of, facts_of
from .number_steps import NumberSteps
from .results import (
    FIRST_STEPS,
    PIN_CODES,
    STOPPING_CODES,
    FoundNumber,
    Key,
    Outcome,
    Result,
    StepFailed,
    chosen_of,
    found_of,
    is_complete,
    keys_of,
    results_of,
)

RETENTION = timedelta(days=1)

#: Seconds after which a request begins no further step.
RUN_TIMEOUT = 40

#: Longer than a request's last step takes.
LEASE = timedelta(minutes=3)

#: The step that must have succeeded before a step of a number. The last steps need one number that is connected.
PREREQUISITES = {"check": "numbers", "connect": "check", "register": "connect", "profile": "connect"}


class ListedNumber(FoundNumber):
    """A found number, and whether this business has it here."""

    is_connected: bool


def begin(
    user: User,
    waba_id: str,
    access_token: str,
    app_secret: str = "",
    pin: str = "",
    phone_number_ids: list[str] | None = None,
) -> QuickSetup:
    """
    The setup to run: this person's last one if it is unfinished and has the same token, or a new one. Meta is not
    asked yet.
    """
    setup = _unfinished(user, waba_id, access_token)
    if setup is None:
        setup = QuickSetup(business=user.business, created_by=user, waba_id=waba_id, access_token=access_token)
        setup.save()
    setup.phone_number_ids = phone_number_ids
    change(setup, app_secret=app_secret, pin=pin, phone_number_ids=phone_number_ids)
    return setup


def _unfinished(user: User, waba_id: str, access_token: str) -> QuickSetup | None:
    begun = QuickSetup.objects.filter(business=user.business_id, created_by=user, waba_id=waba_id)
    last = begun.filter(created_at__gt=timezone.now() - RETENTION).order_by("-pk").first()
    if last and last.readable_secret("access_token") == access_token and not is_complete(last):
        return last
    return None


def change(
    setup: QuickSetup,
    access_token: str = "",
    app_secret: str = "",
    pin: str = "",
    phone_number_ids: Iterable[str] | None = None,
) -> None:
    """Enter what was missing or wrong; what is empty stays. The results that depended on it are forgotten."""
    results = results_of(setup)
    if access_token:
        setup.access_token = access_token
        results = {}
    if app_secret:
        setup.app_secret = app_secret
        results = {key: result for key, result in results.items() if result.step not in ("connect", "subscribe")}
    if pin:
        setup.pin = pin
        results = {key: result for key, result in results.items() if result.code not in PIN_CODES}
    if phone_number_ids is not None:
        setup.phone_number_ids = list(dict.fromkeys(phone_number_ids))
    setup.results = [result.as_row() for result in results.values()]
    setup.save(update_fields=["access_token", "app_secret", "pin", "phone_number_ids", "results"])


def run(setup: QuickSetup, user: User, timeout: float = RUN_TIMEOUT, connect_all: bool = False) -> None:
    """
    Do what is left of a setup, for the person who asks. Until numbers are chosen this only looks at the account,
    unless all of its numbers are to be connected. Raises Refusal("setup_running") while another request runs it.
    """
    claimed = JOB.claim(setup.pk)
    if claimed is None:
        raise Refusal("setup_running", _("This setup is running already. Wait a minute, then look again."))
    try:
        setup.refresh_from_db()
        _Run(setup, user, timeout).complete(connect_all)
    finally:
        with suppress(TakenOver):
            JOB.release(claimed)


class _Run:
    def __init__(self, setup: QuickSetup, user: User, timeout: float) -> None:
        self.setup = setup
        self.deadline = time.monotonic() + timeout
        self.results = results_of(setup)
        self.is_token_readable = bool(setup.readable_secret("access_token"))
        if self.is_token_readable:
            self.account_steps = AccountSteps(setup, self.results)
            self.number_steps = NumberSteps(setup, user, self.results)

    def complete(self, connect_all: bool) -> None:
        self._forget_deleted_numbers()
        self._take((step, "") for step in FIRST_STEPS)
        if connect_all and chosen_of(self.setup) is None and found_of(self.setup):
            self.setup.phone_number_ids = [number["id"] for number in found_of(self.setup)]
            self.setup.save(update_fields=["phone_number_ids"])
        self._take(key for key in keys_of(self.setup) if key[0] not in FIRST_STEPS)
        self._save()

    def _forget_deleted_numbers(self) -> None:
        """Numbers that were deleted meanwhile are connected anew."""
        own = WhatsAppNumber.objects.for_business(self.setup.business_id)
        existing = {"", *own.values_list("phone_number_id", flat=True)}
        for key in [key for key in self.results if key[1] not in existing]:
            del self.results[key]

    def _take(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if not self._is_ok(key):
                self.results[key] = self._result(key)
                self._save()

    def _result(self, key: Key) -> Result:
        step, phone_number_id = key
        if not self.is_token_readable:
            return Result(step, False, "token_unreadable", phone_number_id)
        if awaited := self._awaited(key):
            return Result(step, False, "waits", phone_number_id, {"for": awaited})
        if time.monotonic() > self.deadline:
            return self.results.get(key) or Result(step, False, "later", phone_number_id)
        try:
            code, facts = self._outcome(key)
        except StepFailed as failed:
            return Result(step, False, failed.code, phone_number_id, failed.facts)
        except CloudApiTrouble as trouble:
            secrets = (self.setup.access_token, self.setup.app_secret, self.setup.pin)
            return Result(step, False, code_of(trouble), phone_number_id, facts_of(trouble, secrets))
        return Result(step, True, code, phone_number_id, facts)

    def _outcome(self, key: Key) -> Outcome:
        step, phone_number_id = key
        return self.number_steps.run(step, phone_number_id) if phone_number_id else self.account_steps.run(step)

    def _awaited(self, key: Key) -> str:
        """The step for which this one has to wait; empty for none."""
        step, phone_number_id = key
        token = self.results.get(("token", ""))
        if token and token.code in STOPPING_CODES:
            return "token"
        account = self.results.get(("account", ""))
        if step == "numbers" and account and account.code == "unknown_at_meta":
            return "account"
        if step in FIRST_STEPS:
            return ""
        if not phone_number_id:
            is_connected = any(self._is_ok(("connect", number_id)) for number_id in chosen_of(self.setup) or [])
            return "" if is_connected else "connect"
        needed = PREREQUISITES[step]
        return "" if self._is_ok((needed, "" if needed in FIRST_STEPS else phone_number_id)) else needed

    def _is_ok(self, key: Key) -> bool:
        result = self.results.get(key)
        return result is not None and result.ok

    def _save(self) -> None:
        self.setup.results = [self.results[key].as_row() for key in keys_of(self.setup) if key in self.results]
        self.setup.save(update_fields=["results"])


def connected_numbers(setup: QuickSetup) -> QuerySet[WhatsAppNumber]:
    """The numbers of the setup's business among those that were chosen."""
    own = WhatsAppNumber.objects.for_business(setup.business_id)
    return own.filter(phone_number_id__in=chosen_of(setup) or [])


def found_numbers(setup: QuickSetup) -> list[ListedNumber]:
    """The numbers of the account as Meta reported them, each with `is_connected`."""
    own = WhatsAppNumber.objects.for_business(setup.business_id)
    connected = set(own.values_list("phone_number_id", flat=True))
    return [{**number, "is_connected": number["id"] in connected} for number in found_of(setup)]


JOB = Job(
    name="run quick setups",
    model=QuickSetup,
    lease=LEASE,
    share=None,
    retention=RETENTION,
)
