"""
Quick setup: of an access token and a WhatsApp Business account ID become connected numbers.

Each step may fail alone; those that do not need it are done. Run again, a setup does what is left. Meta is never asked
inside a transaction.
"""

import time
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.jobs.job import Job, TakenOver
from accounts.refusals import Refusal
from whatsapp.graph.errors import CloudApiTrouble
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.secrets.encryption import UnreadableSecret

from .results import (
    FIRST_STEPS,
    PIN_CODES,
    STOPPING_CODES,
    Result,
    StepFailed,
    chosen_of,
    code_of,
    facts_of,
    found_of,
    is_complete,
    keys_of,
    results_of,
)
from .steps import Steps

RETENTION = timedelta(days=1)

#: Seconds after which a request begins no further step.
PATIENCE = 40

#: Longer than a request's last step takes.
LEASE = timedelta(minutes=3)

#: What a step of a number needs to have been done. The last steps need one number that is connected.
NEEDS = {"check": "numbers", "connect": "check", "register": "connect", "profile": "connect"}


def begin(user, waba_id, access_token, app_secret="", pin="", phone_number_ids=None):
    """
    The setup to run: the one that this person did not bring to its end with the same token, or a new one. Nothing is
    asked of Meta yet.
    """
    setup = _unfinished(user, waba_id, access_token)
    if setup is None:
        setup = QuickSetup(business=user.business, created_by=user, waba_id=waba_id, access_token=access_token)
        setup.save()
    setup.phone_number_ids = phone_number_ids
    change(setup, app_secret=app_secret, pin=pin, phone_number_ids=phone_number_ids)
    return setup


def _unfinished(user, waba_id, access_token):
    begun = QuickSetup.objects.filter(business=user.business_id, created_by=user, waba_id=waba_id)
    for setup in begun.filter(created_at__gt=timezone.now() - RETENTION).order_by("-pk")[:1]:
        if _token_of(setup) == access_token and not is_complete(setup):
            return setup
    return None


def _token_of(setup):
    try:
        return setup.access_token
    except UnreadableSecret:
        return ""


def change(setup, access_token="", app_secret="", pin="", phone_number_ids=None):
    """Enter what was missing or wrong; what is empty stays. What came of it before is then forgotten."""
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


def run(setup, user, patience=PATIENCE, takes_all=False):
    """
    Do what is left of a setup, for the person who asks. Until numbers are chosen that is to look at the account,
    unless all that it has are to be taken. Raises Refusal("setup_running") while another request is at it.
    """
    claimed = JOB.claim(setup.pk)
    if claimed is None:
        raise Refusal("setup_running", _("This setup is running already. Wait a minute, then look again."))
    try:
        setup.refresh_from_db()
        _Run(setup, user, patience).carry_out(takes_all)
    finally:
        with suppress(TakenOver):
            JOB.release(claimed)


class _Run:
    def __init__(self, setup, user, patience):
        self.setup = setup
        self.deadline = time.monotonic() + patience
        self.results = results_of(setup)
        self.steps = Steps(setup, user, self.results) if _token_of(setup) else None

    def carry_out(self, takes_all):
        self._forget_what_is_gone()
        self._do((step, "") for step in FIRST_STEPS)
        if takes_all and chosen_of(self.setup) is None and found_of(self.setup):
            self.setup.phone_number_ids = [number["id"] for number in found_of(self.setup)]
            self.setup.save(update_fields=["phone_number_ids"])
        self._do(key for key in keys_of(self.setup) if key[0] not in FIRST_STEPS)
        self._write_down()

    def _do(self, keys):
        for key in keys:
            if not self._is_ok(*key):
                self.results[key] = self._result(*key)
                self._write_down()

    def _forget_what_is_gone(self):
        """Numbers that were deleted meanwhile are connected anew."""
        own = WhatsAppNumber.objects.for_business(self.setup.business_id)
        kept = {"", *own.values_list("phone_number_id", flat=True)}
        for key in [key for key in self.results if key[1] not in kept]:
            del self.results[key]

    def _result(self, step, phone_number_id):
        if self.steps is None:
            return Result(step, False, "token_unreadable", phone_number_id)
        if needed := self._missing(step, phone_number_id):
            return Result(step, False, "waits", phone_number_id, {"for": needed})
        if time.monotonic() > self.deadline:
            return self.results.get((step, phone_number_id)) or Result(step, False, "later", phone_number_id)
        act = getattr(self.steps, step)
        try:
            code, facts = act(phone_number_id) if phone_number_id else act()
        except StepFailed as failed:
            return Result(step, False, failed.code, phone_number_id, failed.facts)
        except CloudApiTrouble as trouble:
            secrets = (self.setup.access_token, self.setup.app_secret, self.setup.pin)
            return Result(step, False, code_of(trouble), phone_number_id, facts_of(trouble, secrets))
        return Result(step, True, code, phone_number_id, facts)

    def _missing(self, step, phone_number_id):
        """The step for which this one has to wait; empty for none."""
        token = self.results.get(("token", ""))
        if token and token.code in STOPPING_CODES:
            return "token"
        account = self.results.get(("account", ""))
        if step == "numbers" and account and account.code == "unknown_at_meta":
            return "account"
        if step in FIRST_STEPS:
            return ""
        if phone_number_id:
            needed = NEEDS[step]
            is_done = self._is_ok(needed, phone_number_id if needed != "numbers" else "")
        else:
            needed = "connect"
            is_done = any(self._is_ok(needed, number_id) for number_id in chosen_of(self.setup) or [])
        return "" if is_done else needed

    def _is_ok(self, step, phone_number_id):
        result = self.results.get((step, phone_number_id))
        return result is not None and result.ok

    def _write_down(self):
        self.setup.results = [self.results[key].as_row() for key in keys_of(self.setup) if key in self.results]
        self.setup.save(update_fields=["results"])


def connected_numbers(setup):
    """The numbers of the setup's business among those that were chosen."""
    own = WhatsAppNumber.objects.for_business(setup.business_id)
    return own.filter(phone_number_id__in=chosen_of(setup) or [])


def found_numbers(setup):
    """The numbers of the account as Meta told of them, each with `is_connected`: whether this business has it here."""
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
