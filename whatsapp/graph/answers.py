"""Reading what Graph answered. Nothing here does I/O."""

import json
import re
from dataclasses import dataclass
from typing import Any

from accounts.logging.redaction import redact_beginning
from whatsapp.phone_numbers import from_wa_id

from .errors import AnswerLost, CloudApiError

#: So many characters of what Meta says of an error are read.
MAX_ERROR_TEXT = 2000


def read_answer(http_status: int, content: bytes) -> dict[str, Any]:
    """The object that Meta answered. Raises CloudApiError for a refusal, AnswerLost for what says nothing."""
    answer = _json_object(content)
    error = answer.get("error")
    if isinstance(error, dict) and "code" in error:
        raise _meta_error(error, http_status)
    if 200 <= http_status < 300 and answer:
        return answer
    if 300 <= http_status < 500 and http_status != 408:
        raise CloudApiError(None, title=f"HTTP {http_status}", http_status=http_status)
    raise AnswerLost(f"HTTP {http_status}")


def read_wamid(answer: dict[str, Any]) -> str:
    """The id of an accepted message in the answer to a send. Raises AnswerLost when there is none."""
    try:
        wamid = answer["messages"][0]["id"]
    except (KeyError, IndexError, TypeError):
        wamid = None
    if not wamid or not isinstance(wamid, str):
        raise AnswerLost("The answer holds no message id.")
    return wamid


@dataclass(frozen=True)
class Recipient:
    """Whom Meta knows by another phone (E.164) than they were addressed by, or addressed by WhatsApp user id."""

    addressed: str
    phone: str
    user_id: str | None


def read_recipient(answer: dict[str, Any]) -> Recipient | None:
    """Whom a message was accepted for, where Meta knows them otherwise (Cloud API, "Messages": `contacts`)."""
    try:
        contact = answer["contacts"][0]
        addressed, wa_id, user_id = (str(contact.get(name) or "") for name in ("input", "wa_id", "user_id"))
    except (AttributeError, KeyError, IndexError, TypeError):
        return None
    digits = re.sub(r"[^0-9]", "", addressed)
    if not addressed or wa_id == digits or not re.fullmatch(r"[0-9]{5,15}", wa_id):
        return None
    is_phone = re.fullmatch(r"[0-9 ()+-]+", addressed)
    return Recipient(from_wa_id(digits) if is_phone else addressed, from_wa_id(wa_id), user_id[:140] or None)


def read_page(answer: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The objects of one page of a list, and the cursor of the next page: empty after the last."""
    try:
        cursor = answer["paging"]["cursors"]["after"] if answer["paging"].get("next") else ""
    except (AttributeError, KeyError, TypeError):
        cursor = ""
    items = answer.get("data")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [], str(cursor)


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _meta_error(error: dict[str, Any], http_status: int) -> CloudApiError:
    """Meta's text is shown and stored, and it may quote the token ("Malformed access token EAA…")."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    code = error["code"]
    return CloudApiError(
        code if isinstance(code, int) else None,
        title=redact_beginning(str(error.get("message") or ""), MAX_ERROR_TEXT),
        details=redact_beginning(str(details or error.get("error_user_msg") or ""), MAX_ERROR_TEXT),
        http_status=http_status,
        subcode=error.get("error_subcode"),
    )
