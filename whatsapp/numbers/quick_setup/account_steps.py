"""
The steps of a quick setup for the whole account. Each returns its Outcome, or raises StepFailed or CloudApiTrouble;
each asks Meta how things stand before it changes anything there, so that a step may be repeated.
"""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.utils import timezone

from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi, moment
from whatsapp.graph.client import Json
from whatsapp.graph.error_codes import PERMISSION
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.graph.paging import ListWithoutEnd, whole_list
from whatsapp.message_templates import sync
from whatsapp.models import QuickSetup, WhatsAppNumber

from . import token_inspection
from .failures import is_token_refused
from .found_numbers import as_found, own_number
from .results import Outcome, Results, StepFailed, chosen_of, waiting_for


class AccountSteps:
    def __init__(self, setup: QuickSetup, results: Results) -> None:
        self.setup, self.results = setup, results
        self.api = AccountApi(setup.access_token)

    def run(self, step: str) -> Outcome:
        steps: dict[str, Callable[[], Outcome]] = {
            "token": self.token,
            "account": self.account,
            "numbers": self.numbers,
            "subscribe": self.subscribe,
            "templates": self.templates,
        }
        return steps[step]()

    # Before the numbers

    def token(self) -> Outcome:
        facts = token_inspection.inspect(self.setup.access_token)
        if facts is None:
            return self._token_by_use()
        expires_at = moment(facts.get("expires_at"))
        if not facts.get("is_valid"):
            raise StepFailed("token_expired" if expires_at and expires_at < timezone.now() else "token_refused")
        self.setup.token_expires_at = expires_at
        self.setup.save(update_fields=["token_expires_at"])
        token_inspection.check_scopes(facts, self.setup.waba_id)
        end = expires_at.isoformat() if expires_at else None
        return "token_valid", {"app_id": str(facts.get("app_id") or ""), "expires_at": end}

    def _token_by_use(self) -> Outcome:
        try:
            self.api.waba(self.setup.waba_id)
        except CloudApiError as error:
            if is_token_refused(error) or error.error_class is PERMISSION or error.http_status >= 500:
                raise
        return "token_used", {}

    def account(self) -> Outcome:
        account = self.api.waba(self.setup.waba_id)
        name = str(account.get("name") or self.setup.waba_id)[:200]
        if account.get("account_review_status") == "REJECTED":
            raise StepFailed("account_rejected", name=name)
        return "account_found", {"name": name}

    def numbers(self) -> Outcome:
        listed = map(as_found, self._read_numbers())
        self.setup.found = list({number["id"]: number for number in listed if number["id"]}.values())
        self.setup.save(update_fields=["found"])
        if not self.setup.found:
            raise StepFailed("no_numbers")
        return "numbers_found", {"count": len(self.setup.found)}

    def _read_numbers(self) -> list[Json]:
        try:
            return whole_list(partial(self.api.phone_numbers, self.setup.waba_id))
        except ListWithoutEnd as error:
            raise StepFailed("list_without_end") from error

    # After a number is connected

    def subscribe(self) -> Outcome:
        app_id = self._app_id()
        apps = self.api.subscribed_apps(self.setup.waba_id)
        if not _lists(apps, app_id):
            self.api.subscribe(self.setup.waba_id)
            apps = self.api.subscribed_apps(self.setup.waba_id)
        names = [str(app.get("name") or app.get("id") or "")[:100] for app in apps]
        own = WhatsAppNumber.objects.for_business(self.setup.business_id).filter(waba_id=self.setup.waba_id)
        own.update(subscribed_apps=names)
        if not apps or (app_id and not _lists(apps, app_id)):
            raise StepFailed("not_listed")
        if not self._can_verify(app_id):
            raise StepFailed("webhook_secret_missing", apps=", ".join(names))
        return "subscribed", {"apps": ", ".join(names)}

    def _app_id(self) -> str:
        """The id of the app that issued the token; empty when Meta did not say."""
        return str(self.results["token", ""].facts.get("app_id") or "")

    def _can_verify(self, app_id: str) -> bool:
        """Whether the secret is here with which the webhooks will be signed."""
        is_ours = bool(settings.META_APP_SECRET) and app_id in ("", settings.META_APP_ID or app_id)
        if self.setup.app_secret or is_ours:
            return True
        return all(number.readable_secret("app_secret") for number in self._connected())

    def templates(self) -> Outcome:
        connected = self._connected()
        if not connected:
            # All were deleted since.
            raise waiting_for("connect")
        try:
            synced = sync.sync(connected[0])
        except Refusal as refusal:
            if isinstance(refusal.__cause__, CloudApiTrouble):
                raise refusal.__cause__ from refusal
            raise StepFailed("refused") from refusal
        return "templates_read", {"total": synced.total, "created": synced.created}

    def _connected(self) -> list[WhatsAppNumber]:
        """The chosen numbers that are connected, in the order in which they were chosen."""
        rows = [own_number(self.setup, number_id) for number_id in chosen_of(self.setup) or []]
        return [row for row in rows if row]


def _lists(apps: list[Json], app_id: str) -> bool:
    return bool(app_id) and any(str(app.get("id")) == app_id for app in apps)
