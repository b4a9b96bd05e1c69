"""
The steps of a quick setup for one number. Each returns its Outcome, or raises StepFailed or CloudApiTrouble; each asks
Meta how things stand before it changes anything there, so that a step may be repeated.
"""

import secrets as random
from collections.abc import Callable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from accounts.refusals import Refusal
from whatsapp.graph.accounts import AccountApi
from whatsapp.graph.client import Json
from whatsapp.graph.error_codes import INVALID_PARAMETER, PERMISSION, TOKEN
from whatsapp.graph.errors import CloudApiError
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.phone_numbers import readable_phone

from .failures import WRONG_PIN
from .found_numbers import as_found, found_number, own_number, replace_found
from .results import PIN_CODES, FoundNumber, Outcome, Results, StepFailed, found_of, waiting_for

#: With these a number cannot be used, whatever is done here.
LOST_STATUSES = {"BANNED", "DELETED", "MIGRATED"}

UNREGISTERED = {"PENDING", "UNVERIFIED", "DISCONNECTED"}
UNVERIFIED = {"NOT_VERIFIED", "UNVERIFIED"}

#: The token of a connected number that ends sooner is replaced by one that lives longer.
MIN_TOKEN_LIFE = timedelta(days=7)


class NumberSteps:
    """The steps are taken for the person who asks for the setup."""

    def __init__(self, setup: QuickSetup, user: User, results: Results) -> None:
        self.setup, self.user, self.results = setup, user, results
        self.api = AccountApi(setup.access_token)

    def run(self, step: str, phone_number_id: str) -> Outcome:
        steps: dict[str, Callable[[str], Outcome]] = {
            "check": self.check,
            "connect": self.connect,
            "register": self.register,
            "profile": self.profile,
        }
        return steps[step](phone_number_id)

    def check(self, phone_number_id: str) -> Outcome:
        is_found = any(number["id"] == phone_number_id for number in found_of(self.setup))
        if not is_found or self._is_taken(phone_number_id):
            raise StepFailed("unusable")
        number = as_found(self._read_number(phone_number_id))
        number["id"] = phone_number_id
        replace_found(self.setup, number)
        if not number["phone"]:
            raise StepFailed("no_phone")
        if number["status"] in LOST_STATUSES:
            raise StepFailed("lost", status=number["status"])
        return "usable", {"phone": number["phone"], "name": number["name"]}

    def _is_taken(self, phone_number_id: str) -> bool:
        others = WhatsAppNumber.objects.exclude(business=self.setup.business_id)
        return others.filter(phone_number_id=phone_number_id, confirmed_at__isnull=False).exists()

    def _read_number(self, phone_number_id: str) -> Json:
        try:
            return self.api.number_to_register(phone_number_id)
        except CloudApiError as error:
            if error.error_class not in (TOKEN, PERMISSION) and error.code == INVALID_PARAMETER:
                raise StepFailed("unusable") from error
            raise

    # Connecting

    def connect(self, phone_number_id: str) -> Outcome:
        try:
            number = own_number(self.setup, phone_number_id)
            code = self._bring_up_to_date(number) if number else self._connect(self._found(phone_number_id))
        except Refusal as refusal:
            raise StepFailed(refusal.code) from refusal
        except ValidationError as error:
            raise _failure(error) from error
        number = own_number(self.setup, phone_number_id)
        if number is None or number.status == WhatsAppNumber.Status.NOT_CHECKED:
            raise StepFailed("not_checked")
        return code, {}

    def _found(self, phone_number_id: str) -> FoundNumber:
        return found_number(self.setup, phone_number_id)

    def _connect(self, found: FoundNumber) -> str:
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

    def _bring_up_to_date(self, number: WhatsAppNumber) -> str:
        """Change what is not right about a number that this business has connected already, and nothing else."""
        phone = self._found(number.phone_number_id)["phone"]
        wanted = {"phone_number": phone, "waba_id": self.setup.waba_id, **self._wanted_secrets(number)}
        changes = {name: value for name, value in wanted.items() if numbers.differs(number, name, value)}
        if changes:
            numbers.update(number, **changes)
        elif number.status != WhatsAppNumber.Status.CONNECTED or number.waba_confirmed_at is None:
            _ask_anew(number)
        if number.access_token == self.setup.access_token:
            self._write_expiry(number)
        return "updated" if changes else "kept"

    def _wanted_secrets(self, number: WhatsAppNumber) -> dict[str, str]:
        """The app secret goes with the token: both are of one app."""
        wanted: dict[str, str] = {}
        if self._needs_token(number):
            wanted["access_token"] = self.setup.access_token
        token = wanted.get("access_token") or number.readable_secret("access_token")
        if self.setup.app_secret and token == self.setup.access_token:
            wanted["app_secret"] = self.setup.app_secret
        changed = any(numbers.differs(number, name, value) for name, value in wanted.items())
        if changed and not self.user.has_perm("whatsapp.change_secrets_of_whatsappnumber"):
            raise StepFailed("owner_only")
        return wanted

    def _needs_token(self, number: WhatsAppNumber) -> bool:
        stored = number.readable_secret("access_token")
        if stored == self.setup.access_token:
            return False
        if not stored or number.refused_token or self._lives_longer_than(number):
            return True
        try:
            AccountApi(stored).phone_number(number.phone_number_id)
        except CloudApiError as error:
            if error.http_status >= 500:
                raise
            return error.error_class in (TOKEN, PERMISSION) or error.code == INVALID_PARAMETER
        return False

    def _lives_longer_than(self, number: WhatsAppNumber) -> bool:
        theirs, ours = number.token_expires_at, self.setup.token_expires_at
        if theirs is None or theirs >= timezone.now() + MIN_TOKEN_LIFE:
            return False
        return ours is None or ours > theirs

    def _write_expiry(self, number: WhatsAppNumber) -> None:
        WhatsAppNumber.objects.filter(pk=number.pk).update(token_expires_at=self.setup.token_expires_at)

    # Registering

    def register(self, phone_number_id: str) -> Outcome:
        facts = self.api.number_to_register(phone_number_id)
        number = own_number(self.setup, phone_number_id)
        if number is None:
            # Deleted since it was connected.
            raise waiting_for("connect")
        if _is_registered(facts):
            if number.status != WhatsAppNumber.Status.CONNECTED:
                _ask_anew(number)
            return "registered", {}
        if str(facts.get("code_verification_status")) in UNVERIFIED:
            raise StepFailed("not_verified")
        self._register(number, self._pin_for(number, has_pin=bool(facts.get("is_pin_enabled"))))
        _ask_anew(number)
        found = self._found(phone_number_id)
        found["status"] = number.meta_status
        replace_found(self.setup, found)
        return ("registered_now" if self.setup.pin else "registered_with_new_pin"), {}

    def _register(self, number: WhatsAppNumber, pin: str) -> None:
        """The PIN is saved before Meta has it, and stays unless Meta says that it is not the number's."""
        saved = number.readable_secret("pin") or ""
        _save_pin(number, pin)
        try:
            self.api.register(number.phone_number_id, pin)
        except CloudApiError as error:
            if error.http_status < 500:
                _save_pin(number, "" if error.code == WRONG_PIN and pin == saved else saved)
            raise

    def _pin_for(self, number: WhatsAppNumber, has_pin: bool) -> str:
        """A wrong PIN is not tried twice: Meta counts."""
        before = self.results.get(("register", number.phone_number_id))
        if before and before.code in PIN_CODES:
            raise StepFailed(before.code)
        pin = self.setup.pin or number.readable_secret("pin")
        if not pin and has_pin:
            raise StepFailed("pin_needed")
        return pin or f"{random.randbelow(10**6):06}"

    def profile(self, phone_number_id: str) -> Outcome:
        profile = self.api.profile(phone_number_id)
        about = str(profile.get("about") or profile.get("description") or "")[:200]
        name = self._found(phone_number_id)["name"]
        return ("profile_read" if about else "profile_empty"), {"name": name, "about": about}


def _ask_anew(number: WhatsAppNumber) -> None:
    try:
        connection = numbers.ask_about(number)
    except ValidationError as error:
        raise _failure(error) from error
    number.save(update_fields=connection.write_to(number))


def _failure(error: ValidationError) -> StepFailed:
    """Why a number could not be connected or checked, as the failure of a step."""
    codes = {"access_token": "token_refused", "phone_number_id": "unusable"}
    field = next(iter(getattr(error, "error_dict", {})), "")
    return StepFailed(codes.get(field, "refused"))


def _is_registered(facts: Json) -> bool:
    return facts.get("platform_type") != "NOT_APPLICABLE" and str(facts.get("status")) not in UNREGISTERED


def _save_pin(number: WhatsAppNumber, pin: str) -> None:
    number.pin = pin
    number.save(update_fields=["pin"])
