"""What Meta says of an access token (Graph API, "Debug token")."""

from django.conf import settings

from whatsapp.graph.accounts import AccountApi, app_api
from whatsapp.graph.client import Json
from whatsapp.graph.errors import CloudApiError

from .failures import is_token_refused
from .results import StepFailed

SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")

#: Meta's code for a token that it does not accept.
INVALID_TOKEN = 190


def inspect(token: str) -> Json | None:
    """
    Ask Meta about a token: in the name of the installation's app if the token is its own, else in the token's own.
    None when Meta says nothing to either; raises CloudApiError for a refused token.
    """
    if settings.META_APP_ID and settings.META_APP_SECRET:
        app = app_api(settings.META_APP_ID, settings.META_APP_SECRET)
        if facts := _debug_token(app, token, is_its_own=False):
            return facts
    return _debug_token(AccountApi(token), token, is_its_own=True)


def _debug_token(api: AccountApi, token: str, is_its_own: bool) -> Json | None:
    """The facts of a token; None when Meta does not say them to this app or token."""
    try:
        facts = api.debug_token(token)
    except CloudApiError as error:
        is_refused = is_token_refused(error)
        if error.http_status >= 500 and not is_refused or is_refused and is_its_own:
            raise
        return None
    reported = facts.get("error")
    if isinstance(reported, dict) and reported.get("code") != INVALID_TOKEN:
        return None
    return facts if "is_valid" in facts else None


def check_scopes(facts: Json, waba_id: str) -> None:
    """Raise StepFailed when a token lacks a permission, or was made for other accounts than this one."""
    scopes = facts.get("scopes")
    missing = [scope for scope in SCOPES if scope not in scopes] if isinstance(scopes, list) else []
    if missing:
        raise StepFailed("scopes", scopes=", ".join(missing))
    accounts = _accounts_named(facts)
    if accounts and waba_id not in accounts:
        raise StepFailed("other_accounts")


def _accounts_named(facts: Json) -> set[str]:
    """The ids of the accounts for which a token was made; empty when Meta does not say."""
    granular = facts.get("granular_scopes")
    ids = [
        scope.get("target_ids")
        for scope in (granular if isinstance(granular, list) else [])
        if isinstance(scope, dict) and scope.get("scope") in SCOPES
    ]
    return {str(target) for targets in ids if isinstance(targets, list) for target in targets}
