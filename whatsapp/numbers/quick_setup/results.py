"""What came of the steps of a quick setup, as it is kept: a code and facts, of which `wording` tells."""

from dataclasses import asdict, dataclass, field
from typing import Any

from whatsapp.graph.error_codes import PERMISSION, TOKEN, Action
from whatsapp.graph.errors import CloudApiError, Unreachable
from whatsapp.models import QuickSetup
from whatsapp.numbers.stored_json import objects, texts

#: Steps for the whole account, and those for each number.
FIRST_STEPS = ("token", "account", "numbers")
NUMBER_STEPS = ("check", "connect", "register", "profile")
LAST_STEPS = ("subscribe", "templates")
STEPS = (*FIRST_STEPS, *NUMBER_STEPS, *LAST_STEPS)

#: The codes after which another access token is asked for, and those after which the number's PIN is.
TOKEN_CODES = {"token_refused", "token_expired", "permission", "scopes", "other_accounts", "token_unreadable"}
PIN_CODES = {"pin_wrong", "pin_needed"}

#: Without a token that Meta takes, nothing else is tried.
STOPPING_CODES = {"token_refused", "token_expired", "token_unreadable"}

ERROR_CODES = {
    133005: "pin_wrong",
    133006: "not_verified",
    133008: "pin_too_often",
    133009: "pin_too_fast",
    133015: "deleted_lately",
    133016: "registered_too_often",
}

#: The error_subcode of a token whose time is over (Graph API, "Error handling").
SESSION_EXPIRED = 463

LONGEST_WORDS = 300


@dataclass(frozen=True)
class Result:
    """What came of a step, for the account or for one number."""

    step: str
    ok: bool
    code: str
    phone_number_id: str = ""
    facts: dict = field(default_factory=dict)

    @property
    def key(self):
        return self.step, self.phone_number_id

    def as_row(self):
        return asdict(self)


class StepFailed(Exception):
    """A step that cannot be done now, with the code that says why."""

    def __init__(self, code, **facts):
        super().__init__(code)
        self.code = code
        self.facts = facts


def results_of(setup):
    """(step, phone number id) → Result, in the order of the steps."""
    results = [_result_of(row) for row in objects(setup.results)]
    return {result.key: result for result in results if result}


def _result_of(row: dict[str, Any]) -> Result | None:
    """A stored row as a Result; None of what is none."""
    step, code, number_id, facts = (row.get(name) for name in ("step", "code", "phone_number_id", "facts"))
    if step not in STEPS or not isinstance(code, str) or not isinstance(number_id, str) or not isinstance(facts, dict):
        return None
    known = {name: value for name, value in facts.items() if isinstance(value, str | int | None)}
    return Result(step, row.get("ok") is True, code, number_id, known)


def found_of(setup: QuickSetup) -> list[dict[str, str]]:
    """The numbers of the account as Meta told of them: `id`, `phone`, `name`, `status`."""
    return [
        number
        for number in objects(setup.found)
        if all(isinstance(number.get(name), str) for name in ("id", "phone", "name", "status"))
    ]


def chosen_of(setup: QuickSetup) -> list[str] | None:
    """The ids of the numbers that are to be connected; None until somebody chose."""
    return texts(setup.phone_number_ids) if isinstance(setup.phone_number_ids, list) else None


def keys_of(setup):
    """The steps of a setup in their order: those that look, and once numbers are chosen the rest."""
    keys = [(step, "") for step in FIRST_STEPS]
    chosen = chosen_of(setup)
    if chosen is not None:
        keys += [(step, number_id) for number_id in chosen for step in NUMBER_STEPS]
        keys += [(step, "") for step in LAST_STEPS]
    return keys


def is_complete(setup):
    """Whether nothing of it is left to be done."""
    results = results_of(setup)
    return chosen_of(setup) is not None and all(key in results and results[key].ok for key in keys_of(setup))


def code_of(trouble):
    """The code of a call that did not succeed."""
    if not isinstance(trouble, CloudApiError):
        return "unreachable" if isinstance(trouble, Unreachable) else "answer_lost"
    if trouble.code in ERROR_CODES:
        return ERROR_CODES[trouble.code]
    if trouble.error_class is TOKEN or trouble.http_status == 401:
        return "token_expired" if trouble.subcode == SESSION_EXPIRED else "token_refused"
    if trouble.error_class is PERMISSION:
        return "permission"
    if trouble.code == 100 or trouble.subcode == 33:
        return "unknown_at_meta"
    if trouble.action is Action.SLOW:
        return "slow_down"
    return "out_of_order" if trouble.action is Action.RETRY else "refused"


def facts_of(trouble, secrets):
    """Meta's own words, without the secrets that it may repeat in them."""
    if not isinstance(trouble, CloudApiError):
        return {}
    words = trouble.details or trouble.title
    for secret in filter(None, secrets):
        words = words.replace(secret, "…")
    return {"meta": ", ".join(str(part) for part in (trouble.code, words[:LONGEST_WORDS]) if part)}
