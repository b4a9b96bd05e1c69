"""The business's numbers as the simulated Meta knows them."""

from dataclasses import dataclass, field

from whatsapp.phone_numbers import readable_phone
from whatsapp.simulator.http import Json

#: A token with this prefix is a *welcome token*: accepted for any number and any account, which it makes on first use.
WELCOME_PREFIX = "sim-"

DEFAULT_APP_SECRET = "simulator-app-secret"
DEFAULT_WABA_ID = "200000000000001"


@dataclass
class PhoneNumber:
    phone_number_id: str
    phone: str
    access_token: str
    app_secret: str = DEFAULT_APP_SECRET
    waba_id: str = DEFAULT_WABA_ID
    name: str = "Simulator"
    #: Came into being by its id alone, so that its account is not known yet.
    is_unassigned: bool = False
    registered: bool = True
    #: The PIN of two-step verification; registering sets it when there is none.
    pin: str = ""
    #: Further tokens that may use it.
    also_accepts: set[str] = field(default_factory=set)
    #: When it was tried to register it; UNIX time.
    registrations: list[float] = field(default_factory=list)
    profile: Json = field(default_factory=dict)
    #: The fields of the node in which it differs from a number in order: `{"quality_rating": "RED"}`.
    facts: Json = field(default_factory=dict)

    def accepts(self, token: str) -> bool:
        return token in (self.access_token, *self.also_accepts) or (
            token.startswith(WELCOME_PREFIX) and self.access_token.startswith(WELCOME_PREFIX)
        )

    def as_node(self) -> Json:
        """Graph's fields of a phone number (Cloud API, "WhatsApp Business Account → Phone Numbers")."""
        return {
            "id": self.phone_number_id,
            "display_phone_number": readable_phone(self.phone),
            "verified_name": self.name,
            "quality_rating": "GREEN",
            "quality_score": {"score": "GREEN"},
            "status": "CONNECTED" if self.registered else "PENDING",
            "name_status": "APPROVED",
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API" if self.registered else "NOT_APPLICABLE",
            "throughput": {"level": "STANDARD"},
            "account_mode": "LIVE",
            "is_official_business_account": False,
            "is_pin_enabled": bool(self.pin),
            "is_on_biz_app": False,
            "health_status": {
                "can_send_message": "AVAILABLE",
                "entities": [
                    {"entity_type": "PHONE_NUMBER", "id": self.phone_number_id, "can_send_message": "AVAILABLE"}
                ],
            },
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            **self.facts,
        }


def invented_phone(phone_number_id: str) -> str:
    """A phone for a number that came into being on first use."""
    return f"+7900{phone_number_id[-7:].zfill(7)}"
