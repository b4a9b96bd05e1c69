"""What Meta knows of tokens, apps and WhatsApp Business accounts (cloud API reference, "Business management")."""

from datetime import UTC, datetime
from typing import Any

from .answers import read_page
from .client import PHONE_NUMBER_FIELDS, CloudApi, Json

#: What setting a number up asks besides.
NUMBER_FIELDS = f"{PHONE_NUMBER_FIELDS},is_pin_enabled"

PROFILE_FIELDS = "about,address,description,email,websites,vertical"


class AccountApi(CloudApi):
    """Calls with one access token about the account that it may manage. All raise CloudApiTrouble."""

    def waba(self, waba_id: str) -> Json:
        """A WhatsApp Business account: `id`, `name`, `account_review_status`."""
        return self.get(waba_id, fields="id,name,account_review_status")

    def phone_numbers(self, waba_id: str, after: str = "") -> tuple[list[Json], str]:
        """A page of an account's numbers, newest first, and the cursor of the next page: empty after the last."""
        cursor = {"after": after} if after else {}
        return read_page(self.get(f"{waba_id}/phone_numbers", fields=NUMBER_FIELDS, limit=100, **cursor))

    def number_to_register(self, phone_number_id: str) -> Json:
        """What Meta knows about a number, `is_pin_enabled` too: whether it has a PIN of two-step verification."""
        return self.get(phone_number_id, fields=NUMBER_FIELDS)

    def register(self, phone_number_id: str, pin: str) -> Json:
        """Register a number on the Cloud API; the PIN, six digits, becomes its own if it had none. 10 in 72 hours."""
        return self.post(f"{phone_number_id}/register", {"messaging_product": "whatsapp", "pin": pin})

    def subscribe(self, waba_id: str) -> Json:
        """Have Meta post the account's webhooks to the app that issued the token."""
        return self.post(f"{waba_id}/subscribed_apps")

    def subscribed_apps(self, waba_id: str) -> list[Json]:
        """The apps that receive the account's webhooks: `id`, `name`, and an `override_callback_uri` or none."""
        apps, _following = read_page(self.get(f"{waba_id}/subscribed_apps"))
        return [
            {**app["whatsapp_business_api_data"], "override_callback_uri": app.get("override_callback_uri", "")}
            for app in apps
            if isinstance(app.get("whatsapp_business_api_data"), dict)
        ]

    def profile(self, phone_number_id: str) -> Json:
        """What customers see of the business: `about`, `address`, `description`, `email`, `websites`, `vertical`."""
        profiles, _following = read_page(
            self.get(f"{phone_number_id}/whatsapp_business_profile", fields=PROFILE_FIELDS)
        )
        return profiles[0] if profiles else {}

    def debug_token(self, token: str) -> Json:
        """What a token may do: `is_valid`, `app_id`, `expires_at` (0: never), `scopes`, `granular_scopes`."""
        facts = self.get("debug_token", input_token=token).get("data")
        return facts if isinstance(facts, dict) else {}


def app_api(app_id: str, app_secret: str) -> AccountApi:
    """Calls in the name of a Meta app (Graph API, "App access tokens")."""
    return AccountApi(f"{app_id}|{app_secret}")


def exchange_code(app_id: str, app_secret: str, code: str) -> str:
    """The access token for a code of embedded signup, which lives 30 seconds and is taken once; empty for none."""
    answer = CloudApi("").get("oauth/access_token", client_id=app_id, client_secret=app_secret, code=code)
    token = answer.get("access_token") or answer.get("business_token")
    return token if isinstance(token, str) else ""


def moment(seconds: Any) -> datetime | None:
    """Meta's seconds since 1970 as a moment; None for 0, which is never, and for what is none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
