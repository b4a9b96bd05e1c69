"""What a check of a number asks besides the number: about its token, its WhatsApp Business account, and webhooks."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from whatsapp.graph.accounts import AccountApi, app_api, moment
from whatsapp.graph.client import Json
from whatsapp.graph.error_codes import Action
from whatsapp.graph.errors import CloudApiError
from whatsapp.models import WhatsAppNumber

from . import alerts, confirmation

Answer = TypeVar("Answer")


class AccountCheck:
    """What numbers share that are checked together: each token and the account itself are asked about once."""

    def __init__(self) -> None:
        self.tokens: dict[str, Json] = {}
        self.listings: dict[str, confirmation.Listing | None] = {}
        self.apps: list[Json] | None = None

    def check(self, number: WhatsAppNumber, api: AccountApi) -> None:
        """
        Write when a number's token ends, whether its account lists it, and on all numbers of the account which apps
        receive the webhooks. Raises CloudApiTrouble, except when Meta refuses to say just this.
        """
        token = self._token(number, api)
        app_id = str(token.get("app_id", ""))
        if "expires_at" in token:
            WhatsAppNumber.objects.filter(pk=number.pk).update(token_expires_at=moment(token["expires_at"]))
        _note_secret(number, app_id)
        if not number.waba_id:
            return
        if listing := self._listing(number, api):
            _note_membership(number, listing.membership(number.phone_number_id))
        if self.apps is None:
            self.apps = _unless_refused(api.subscribed_apps, number.waba_id)
            if self.apps is not None:
                _note_apps(WhatsAppNumber.objects.sharing_account_with(number), self.apps, app_id)

    def _token(self, number: WhatsAppNumber, api: AccountApi) -> Json:
        token = number.access_token
        if token not in self.tokens:
            self.tokens[token] = _unless_refused(_inspector(api).debug_token, token) or {}
        return self.tokens[token]

    def _listing(self, number: WhatsAppNumber, api: AccountApi) -> confirmation.Listing | None:
        token = number.access_token
        if token not in self.listings:
            self.listings[token] = _unless_refused(partial(confirmation.read_listing, api), number.waba_id)
        return self.listings[token]


def _inspector(api: AccountApi) -> AccountApi:
    """With whose credentials a token is inspected: those of the installation's app, or the token's own."""
    if settings.META_APP_ID and settings.META_APP_SECRET:
        return app_api(settings.META_APP_ID, settings.META_APP_SECRET)
    return api


def _unless_refused(call: Callable[[str], Answer], argument: str) -> Answer | None:
    """The answer of a call; None when Meta refuses to say just this, which is no trouble of the number's."""
    try:
        return call(argument)
    except CloudApiError as error:
        if error.action is Action.SLOW:
            raise
        return None


def _note_secret(number: WhatsAppNumber, app_id: str) -> None:
    """The installation's secret does not sign the webhooks of another app, to which the token may belong."""
    row = WhatsAppNumber.objects.filter(pk=number.pk)
    if len(_our_apps(app_id)) == 2 and settings.META_APP_SECRET and not number.app_secret:
        alerts.put(row, "webhook_secret_missing", timezone.now() + alerts.FINDING_RETENTION)
    else:
        alerts.withdraw(row, "webhook_secret_missing")


def _our_apps(app_id: str) -> set[str]:
    """The ids of the token's app and of the installation's, as far as they are known."""
    return {app_id, settings.META_APP_ID} - {""}


@transaction.atomic
def _note_membership(number: WhatsAppNumber, membership: confirmation.Membership) -> None:
    now = WhatsAppNumber.objects.filter(pk=number.pk).select_for_update(no_key=True).first()
    if now and not confirmation.is_outdated(number, now):
        now.waba_confirmed_at, now.alerts = membership.confirmed_at, membership.alerts_after(now.alerts)
        now.save(update_fields=["waba_confirmed_at", "alerts"])


def _note_apps(numbers: QuerySet[WhatsAppNumber], apps: list[Json], app_id: str) -> None:
    numbers.update(subscribed_apps=[str(app.get("name") or app.get("id") or "")[:100] for app in apps])
    elsewhere = _elsewhere(apps, _our_apps(app_id))
    if elsewhere:
        alerts.put(numbers, "webhooks_elsewhere", timezone.now() + alerts.FINDING_RETENTION, what=elsewhere)
    else:
        alerts.withdraw(numbers, "webhooks_elsewhere", *(["app_removed"] if apps else []))


def _elsewhere(apps: list[Json], our_ids: set[str]) -> str:
    """Who receives the webhooks instead of us; empty when we do, nobody does, or it cannot be known."""
    ours = [app for app in apps if str(app.get("id")) in our_ids] if our_ids else apps
    if not ours:
        return ", ".join(str(app.get("name") or app.get("id")) for app in apps)
    overrides = [str(app.get("override_callback_uri") or settings.PUBLIC_URL) for app in ours]
    # With a local address in PUBLIC_URL, the one by which Meta comes in is not known.
    is_ours = not settings.PUBLIC_URL.startswith("https:") or any(
        uri.startswith(settings.PUBLIC_URL) for uri in overrides
    )
    return "" if is_ours else overrides[0]
