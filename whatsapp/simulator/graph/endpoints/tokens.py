"""What Meta says of access tokens, and how an app gets one (Graph API, "Access tokens")."""

from whatsapp.simulator.graph.errors import GraphError
from whatsapp.simulator.graph.tokens import UNKNOWN_TOKEN, WELCOME_CODE_PREFIX
from whatsapp.simulator.http import Json, Request
from whatsapp.simulator.state import Simulator


def get_debug_token(simulator: Simulator, request: Request, node: str) -> Json:
    """Describe a token to its app, and to a token of the same app."""
    name = request.query.get("input_token")
    if not name:
        raise GraphError(100, "The parameter input_token is required")
    if not simulator.directory.accepts_token(name) and name not in simulator.directory.tokens:
        return {"data": UNKNOWN_TOKEN}
    token = simulator.directory.token(name)
    asking = (
        request.token.partition("|")[0] if "|" in request.token else simulator.directory.token(request.token).app_id
    )
    if asking != token.app_id:
        raise GraphError(100, "The App_id in the input_token did not match the Viewing App")
    return {"data": token.as_data()}


def get_access_token(simulator: Simulator, request: Request, node: str) -> Json:
    """Exchange a code of embedded signup, once (Facebook Login, "Exchanging code for an access token")."""
    asked = {name: request.query.get(name, "") for name in ("client_id", "client_secret", "code")}
    if (asked["client_id"], asked["client_secret"]) != (simulator.directory.app_id, simulator.directory.app_secret):
        raise GraphError(1, "Error validating client secret.")
    token = simulator.directory.codes.pop(asked["code"], "")
    if not token and not asked["code"].startswith(WELCOME_CODE_PREFIX):
        raise GraphError(100, "This authorization code has been used.", subcode=36009)
    return {"access_token": token or asked["code"], "token_type": "bearer"}
