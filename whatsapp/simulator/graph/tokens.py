"""Access tokens and the apps that issue them (Graph API, "Access tokens")."""

import time
from dataclasses import dataclass

from whatsapp.simulator.http import Json

APP_ID = "400000000000001"

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")

#: A code with this prefix may always be exchanged for a token; others are added to `Directory.codes`.
WELCOME_CODE_PREFIX = "sim-"


@dataclass
class Token:
    """
    What Meta knows of an access token. `expires_at` is UNIX time, 0 for never; without `waba_ids` it does not say for
    which accounts the token is.
    """

    app_id: str = APP_ID
    expires_at: int = 0
    is_valid: bool = True
    scopes: tuple[str, ...] = SCOPES
    waba_ids: tuple[str, ...] = ()

    @property
    def is_expired(self) -> bool:
        return 0 < self.expires_at < time.time()

    @property
    def is_accepted(self) -> bool:
        return self.is_valid and not self.is_expired

    def as_data(self) -> Json:
        """The `data` of the answer to `debug_token`."""
        targets = {"target_ids": list(self.waba_ids)} if self.waba_ids else {}
        return {
            "app_id": self.app_id,
            "type": "SYSTEM_USER",
            "application": "Simulator",
            "data_access_expires_at": 0,
            "expires_at": self.expires_at,
            "is_valid": self.is_accepted,
            "scopes": list(self.scopes),
            "granular_scopes": [{"scope": scope, **targets} for scope in self.scopes],
            "user_id": "500000000000001",
        }


UNKNOWN_TOKEN: Json = {
    "error": {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
    "is_valid": False,
    "scopes": [],
}
