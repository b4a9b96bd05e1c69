"""
The steps of a quick setup. Each returns its Result's code and facts, or raises StepFailed or CloudApiTrouble; each
asks Meta how things stand before it changes anything there, so that a step may be done again.
"""

import re
import secrets as random
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi, app_api, moment
from whatsapp.graph.client import CloudApi
from whatsapp.graph.error_codes import PERMISSION, TOKEN
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble
from whatsapp.graph.paging import ListWithoutEnd, whole_list
from whatsapp.message_templates import sync
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.phone_numbers import readable_phone
from whatsapp.secrets.encryption import UnreadableSecret

from .results import PIN_CODES, StepFailed, chosen_of, found_of

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")

#: With these a number cannot be used, whatever is done here.
LOST_STATUSES = {"BANNED", "DELETED", "MIGRATED"}

UNREGISTERED = {"PENDING", "UNVERIFIED", "DISCONNECTED"}
UNVERIFIED = {"NOT_VERIFIED", "UNVERIFIED"}

WRONG_PIN = 133005

#: A token of a connected number that ends sooner is replaced by one that lives longer.
ENDS_SOON = timedelta(days=7)


class Steps:
    """The steps for one setup, carried out for the person who asks for it."""

    def __init__(self, setup, user, results):
        self.setup, self.user, self.results = setup, user, results
        self.api = AccountApi(setup.access_token)

    # The account

    def token(self):
        told = self._described()
        if told is None:
            return self._token_by_use()
        expires_at = moment(told.get("expires_at"))
        if not told.get("is_valid"):
            raise StepFailed("token_expired" if expires_at and expires_at < timezone.now() else "token_refused")
        self.setup.token_expires_at = expires_at
        self.setup.save(update_fields=["token_expires_at"])
        facts = {"app_id": str(told.get("app_id") or ""), "expires_at": expires_at and expires_at.isoformat()}
        self._check_scopes(told)
        return "token_valid", facts

    def _described(self):
        """What Meta tells of the token: to the installation's app if it is its own, else to the token itself."""
        token = self.setup.access_token
        if settings.META_APP_ID and settings.META_APP_SECRET:
            told = _told(app_api(settings.META_APP_ID, settings.META_APP_SECRET), token, trusted=False)
            if told:
                return told
        return _told(self.api, token, trusted=True)

    def _check_scopes(self, told):
        scopes = told.get("scopes")
        missing = [scope for scope in SCOPES if scope not in scopes] if isinstance(scopes, list) else []
        if missing:
            raise StepFailed("scopes", scopes=", ".join(missing))
        accounts = _accounts_named(told)
        if accounts and self.setup.waba_id not in accounts:
            raise StepFailed("other_accounts")

    def _token_by_use(self):
        try:
            self.api.waba(self.setup.waba_id)
        except CloudApiError as error:
            if error.error_class in (TOKEN, PERMISSION) or error.http_status == 401 or error.http_status >= 500:
                raise
        return "token_used", {}

    def account(self):
        told = self.api.waba(self.setup.waba_id)
        facts = {"name": str(told.get("name") or self.setup.waba_id)[:200]}
        if told.get("account_review_status") == "REJECTED":
            raise StepFailed("account_rejected", **facts)
        return "account_found", facts

    def numbers(self):
        found = self._read_numbers()
        self.setup.found = list({number["id"]: number for number in map(_as_found, found) if number["id"]}.values())
        self.setup.save(update_fields=["found"])
        if not self.setup.found:
            raise StepFailed("no_numbers")
        return "numbers_found", {"count": len(self.setup.found)}

    def _read_numbers(self):
        try:
            return whole_list(partial(self.api.phone_numbers, self.setup.waba_id))
        except ListWithoutEnd as error:
            raise StepFailed("list_without_end") from error

    # One number

    def check(self, phone_number_id):
        is_found = any(number["id"] == phone_number_id for number in found_of(self.setup))
        if not is_found or self._is_taken(phone_number_id):
            raise StepFailed("unusable")
        try:
            number = _as_found(self.api.number_to_register(phone_number_id))
        except CloudApiError as error:
            if error.error_class not in (TOKEN, PERMISSION) and error.code == 100:
                raise StepFailed("unusable") from error
            raise
        self._remember({**number, "id": phone_number_id})
        if not number["phone"]:
            raise StepFailed("no_phone")
        if number["status"] in LOST_STATUSES:
            raise StepFailed("lost", status=number["status"])
        return "usable", {"phone": number["phone"], "name": number["name"]}

    def _is_taken(self, phone_number_id):
        others = WhatsAppNumber.objects.exclude(business=self.setup.business_id)
        return others.filter(phone_number_id=phone_number_id, confirmed_at__isnull=False).exists()

    def _remember(self, number):
        self.setup.found = [number if known["id"] == number["id"] else known for known in found_of(self.setup)]
        self.setup.save(update_fields=["found"])

    def _found(self, phone_number_id):
        return next(number for number in found_of(self.setup) if number["id"] == phone_number_id)

    def own_number(self, phone_number_id):
        own = WhatsAppNumber.objects.for_business(self.setup.business_id)
        return own.filter(phone_number_id=phone_number_id).first()

    def connect(self, phone_number_id):
        try:
            number = self.own_number(phone_number_id)
            code = self._bring_up_to_date(number) if number else self._connect(self._found(phone_number_id))
        except Refusal as refusal:
            raise StepFailed(refusal.code) from refusal
        except ValidationError as error:
            raise _failed(error) from error
        number = self.own_number(phone_number_id)
        if number is None or number.status == WhatsAppNumber.Status.NOT_CHECKED:
            raise StepFailed("not_checked")
        return code, {}

    def _connect(self, found):
        own = WhatsAppNumber.objects.for_business(self.setup.business_id)
        phone = readable_phone(found["phone"])
        is_new_name = found["name"] and not own.filter(name=found["name"]).exists()
        number = numbers.connect(
            self.setup.business,
            name=(found["name"] if is_new_name else f"{found['name']} {phone}".strip())[:100],
            phone_number=found["phone"],
            phone_number_id=found["id"],
            waba_id=self.setup.waba_id,
            access_token=self.setup.access_token,
            app_secret=self.setup.app_secret,
        )
        self._write_expiry(number)
        return "connected"

    def _bring_up_to_date(self, number):
        """Change what is not right about a number that this business has connected already, and nothing else."""
        phone = self._found(number.phone_number_id)["phone"]
        wanted = {"phone_number": phone, "waba_id": self.setup.waba_id, **self._wanted_secrets(number)}
        changes = {name: value for name, value in wanted.items() if _value(number, name) != value}
        if changes:
            numbers.update(number, **changes)
        elif number.status != WhatsAppNumber.Status.CONNECTED or number.waba_confirmed_at is None:
            self._ask_anew(number)
        if number.access_token == self.setup.access_token:
            self._write_expiry(number)
        return "updated" if changes else "kept"

    def _wanted_secrets(self, number):
        """The app secret goes with the token: both are of one app."""
        wanted = {}
        if self._needs_token(number):
            wanted["access_token"] = self.setup.access_token
        token = wanted.get("access_token") or _value(number, "access_token")
        if self.setup.app_secret and token == self.setup.access_token:
            wanted["app_secret"] = self.setup.app_secret
        changed = any(_value(number, name) != value for name, value in wanted.items())
        if changed and not self.user.has_perm("whatsapp.change_secrets_of_whatsappnumber"):
            raise StepFailed("owner_only")
        return wanted

    def _needs_token(self, number):
        saved = _value(number, "access_token")
        if saved == self.setup.access_token:
            return False
        if not saved or number.refused_token or self._lives_longer_than(number):
            return True
        try:
            CloudApi(saved).phone_number(number.phone_number_id)
        except CloudApiError as error:
            if error.http_status >= 500:
                raise
            return error.error_class in (TOKEN, PERMISSION) or error.code == 100
        return False

    def _lives_longer_than(self, number):
        theirs, ours = number.token_expires_at, self.setup.token_expires_at
        ends_soon = theirs is not None and theirs < timezone.now() + ENDS_SOON
        return ends_soon and (ours is None or ours > theirs)

    def _write_expiry(self, number):
        WhatsAppNumber.objects.filter(pk=number.pk).update(token_expires_at=self.setup.token_expires_at)

    def _ask_anew(self, number):
        try:
            connection = numbers.ask_about(number)
        except ValidationError as error:
            raise _failed(error) from error
        number.save(update_fields=connection.write_to(number))

    def register(self, phone_number_id):
        told = self.api.number_to_register(phone_number_id)
        number = self.own_number(phone_number_id)
        if _is_registered(told):
            if number.status != WhatsAppNumber.Status.CONNECTED:
                self._ask_anew(number)
            return "registered", {}
        if str(told.get("code_verification_status")) in UNVERIFIED:
            raise StepFailed("not_verified")
        self._register(number, self._pin_for(number, has_pin=bool(told.get("is_pin_enabled"))))
        self._ask_anew(number)
        self._remember({**self._found(phone_number_id), "status": number.meta_status})
        return ("registered_now" if self.setup.pin else "registered_with_new_pin"), {}

    def _register(self, number, pin):
        """The PIN is saved before Meta has it, and stays unless Meta says that it is not the number's."""
        saved = _value(number, "pin")
        self._save_pin(number, pin)
        try:
            self.api.register(number.phone_number_id, pin)
        except CloudApiError as error:
            if error.http_status < 500:
                self._save_pin(number, "" if error.code == WRONG_PIN and pin == saved else saved)
            raise

    def _save_pin(self, number, pin):
        number.pin = pin
        number.save(update_fields=["pin"])

    def _pin_for(self, number, has_pin):
        """A wrong PIN is not tried twice: Meta counts."""
        before = self.results.get(("register", number.phone_number_id))
        if before and before.code in PIN_CODES:
            raise StepFailed(before.code)
        pin = self.setup.pin or _value(number, "pin")
        if not pin and has_pin:
            raise StepFailed("pin_needed")
        return pin or f"{random.randbelow(10**6):06}"

    def profile(self, phone_number_id):
        told = self.api.profile(phone_number_id)
        about = str(told.get("about") or told.get("description") or "")[:200]
        name = self._found(phone_number_id)["name"]
        return ("profile_read" if about else "profile_empty"), {"name": name, "about": about}

    # The account again, once a number is connected

    def subscribe(self):
        app_id = self.results[("token", "")].facts.get("app_id")
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

    def _can_verify(self, app_id: str | None) -> bool:
        """Whether the secret is here with which the webhooks will be signed."""
        is_ours = bool(settings.META_APP_SECRET) and app_id in (None, "", settings.META_APP_ID or app_id)
        if self.setup.app_secret or is_ours:
            return True
        connected = [number for number in map(self.own_number, chosen_of(self.setup) or []) if number]
        return all(_value(number, "app_secret") for number in connected)

    def templates(self):
        connected = filter(None, map(self.own_number, chosen_of(self.setup) or []))
        try:
            synced = sync.sync(next(connected))
        except Refusal as refusal:
            if isinstance(refusal.__cause__, CloudApiTrouble):
                raise refusal.__cause__ from refusal
            raise StepFailed("refused") from refusal
        return "templates_read", {"total": synced.total, "created": synced.created}


def _failed(error: ValidationError) -> StepFailed:
    """What a number could not be connected or checked for, as the failure of a step."""
    codes = {"access_token": "token_refused", "phone_number_id": "unusable"}
    field = next(iter(getattr(error, "error_dict", {})), "")
    return StepFailed(codes.get(field, "refused"))


def _told(api, token, trusted):
    """What `debug_token` tells; None when Meta does not tell it to this app or token. Raises for a refused token."""
    try:
        told = api.debug_token(token)
    except CloudApiError as error:
        is_refused = error.error_class is TOKEN or error.http_status == 401
        if error.http_status >= 500 and not is_refused or is_refused and trusted:
            raise
        return None
    error = told.get("error")
    if isinstance(error, dict) and error.get("code") != 190:
        return None
    return told if "is_valid" in told else None


def _accounts_named(told):
    """The ids of the accounts for which a token was made; empty when Meta does not say."""
    granular = told.get("granular_scopes")
    ids = [
        scope.get("target_ids")
        for scope in (granular if isinstance(granular, list) else [])
        if isinstance(scope, dict) and scope.get("scope") in SCOPES
    ]
    return {str(target) for targets in ids if isinstance(targets, list) for target in targets}


def _as_found(told):
    """What is kept of a number as Meta tells of it."""
    digits = re.sub(r"\D", "", str(told.get("display_phone_number") or ""))
    return {
        "id": str(told.get("id") or "")[:30],
        "phone": f"+{digits}" if 0 < len(digits) < 20 else "",
        "name": str(told.get("verified_name") or "")[:100],
        "status": str(told.get("status") or "")[:30],
    }


def _is_registered(told):
    return told.get("platform_type") != "NOT_APPLICABLE" and str(told.get("status")) not in UNREGISTERED


def _lists(apps, app_id):
    return bool(app_id) and any(str(app.get("id")) == app_id for app in apps)


def _value(number, name):
    """A field; empty for a secret that today's keys cannot read."""
    try:
        return getattr(number, name)
    except UnreadableSecret:
        return ""
