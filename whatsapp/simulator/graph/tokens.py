"""Access tokens and the apps that issue them (Graph API, "Access tokens")."""

import time
from dataclasses import dataclass

from .errors import GraphError

APP_ID = "400000000000001"

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")

#: A code that begins so may always be exchanged for a token; others are made by `Simulator.add_code`.
WELCOME_CODE_PREFIX = "sim-"


@dataclass
class Token:
    """What Meta knows of an access token. Without `waba_ids` it does not say for which accounts it is."""

    app_id: str = APP_ID
    expires_at: int = 0
    is_valid: bool = True
    scopes: tuple = SCOPES
    waba_ids: tuple = ()

    @property
    def is_expired(self):
        return 0 < self.expires_at < time.time()

    @property
    def is_accepted(self):
        return self.is_valid and not self.is_expired

    def as_data(self):
        """The answer to `debug_token`."""
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


UNKNOWN_TOKEN = {
    "error": {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
    "is_valid": False,
    "scopes": [],
}


def get_debug_token(simulator, request, node):
    """What Meta tells of a token to its app, and to a token of the same app."""
    token = request.query.get("input_token")
    if not token:
        raise GraphError(100, "The parameter input_token is required")
    if not simulator.accepts_token(token) and token not in simulator.tokens:
        return {"data": UNKNOWN_TOKEN}
    told = simulator.token(token)
    asking = request.token.partition("|")[0] if "|" in request.token else simulator.token(request.token).app_id
    if asking != told.app_id:
        raise GraphError(100, "(#100) The App_id in the input_token did not match the Viewing App")
    return {"data": told.as_data()}


def get_access_token(simulator, request, node):
    """A code of embedded signup becomes a token, once (Facebook Login, "Exchanging code for an access token")."""
    wanted = {name: request.query.get(name, "") for name in ("client_id", "client_secret", "code")}
    if (wanted["client_id"], wanted["client_secret"]) != (simulator.app_id, simulator.app_secret):
        raise GraphError(1, "Error validating client secret.")
    token = simulator.codes.pop(wanted["code"], "")
    if not token and not wanted["code"].startswith(WELCOME_CODE_PREFIX):
        raise GraphError(100, "This authorization code has been used.", subcode=36009)
    return {"access_token": token or wanted["code"], "token_type": "bearer"}
