"""What a call to Meta that failed means for the step that made it."""

from collections.abc import Iterable

from whatsapp.graph.error_codes import INVALID_PARAMETER, NO_SUCH_OBJECT, PERMISSION, TOKEN, Action
from whatsapp.graph.errors import CloudApiError, CloudApiTrouble, Unreachable

from .results import Facts

WRONG_PIN = 133005

CODES = {
    WRONG_PIN: "pin_wrong",
    133006: "not_verified",
    133008: "pin_too_often",
    133009: "pin_too_fast",
    133015: "deleted_lately",
    133016: "registered_too_often",
}

#: The error_subcode of an expired token (Graph API, "Error handling").
SESSION_EXPIRED = 463

#: Characters of Meta's words that are stored.
MAX_WORDS = 300


def code_of(trouble: CloudApiTrouble) -> str:
    """The code of the step."""
    if not isinstance(trouble, CloudApiError):
        return "unreachable" if isinstance(trouble, Unreachable) else "answer_lost"
    if trouble.code in CODES:
        return CODES[trouble.code]
    if is_token_refused(trouble):
        return "token_expired" if trouble.subcode == SESSION_EXPIRED else "token_refused"
    if trouble.error_class is PERMISSION:
        return "permission"
    if trouble.code == INVALID_PARAMETER or trouble.subcode == NO_SUCH_OBJECT:
        return "unknown_at_meta"
    if trouble.action is Action.SLOW:
        return "slow_down"
    return "out_of_order" if trouble.action is Action.RETRY else "refused"


def facts_of(trouble: CloudApiTrouble, secrets: Iterable[str]) -> Facts:
    """Meta's own words, without the secrets that it may repeat in them."""
    if not isinstance(trouble, CloudApiError):
        return {}
    words = trouble.details or trouble.title
    for secret in filter(None, secrets):
        words = words.replace(secret, "…")
    return {"meta": ", ".join(str(part) for part in (trouble.code, words[:MAX_WORDS]) if part)}


def is_token_refused(error: CloudApiError) -> bool:
    return error.error_class is TOKEN or error.http_status == 401
