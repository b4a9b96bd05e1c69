"""What came of the steps of a quick setup, as it is stored: a code, and facts for its sentence (`labels`)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict, cast

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

#: Without a token that Meta accepts, nothing else is tried.
STOPPING_CODES = {"token_refused", "token_expired", "token_unreadable"}

#: What a step's sentence mentions.
Facts = dict[str, str | int | None]

#: A step, and the phone number ID of the number for which it is; empty for the whole account.
Key = tuple[str, str]

#: What a step that succeeded returns: its code and facts.
Outcome = tuple[str, Facts]


@dataclass(frozen=True)
class Result:
    """What came of a step, for the account or for one number."""

    step: str
    ok: bool
    code: str
    phone_number_id: str = ""
    facts: Facts = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.step, self.phone_number_id

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


Results = dict[Key, Result]


class FoundNumber(TypedDict):
    """A number of the account as Meta reported it. `phone` begins with +, or is empty when Meta did not say."""

    id: str
    phone: str
    name: str
    status: str


class StepFailed(Exception):
    """A step that cannot be done now, with the code that says why."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Facts = {**facts}


def waiting_for(step: str) -> StepFailed:
    """The failure of a step that cannot be done before another one succeeded."""
    return StepFailed("waits", **{"for": step})


def results_of(setup: QuickSetup) -> Results:
    """The Result of each step that was tried, in the order of the steps."""
    results = [_result_of(row) for row in objects(setup.results)]
    return {result.key: result for result in results if result}


def _result_of(row: Mapping[str, Any]) -> Result | None:
    """A stored row as a Result; None when it is not one."""
    step, code, number_id, facts = (row.get(name) for name in ("step", "code", "phone_number_id", "facts"))
    if not (isinstance(step, str) and isinstance(code, str) and isinstance(number_id, str)):
        return None
    if step not in STEPS or not isinstance(facts, dict):
        return None
    known = {name: value for name, value in facts.items() if isinstance(value, str | int | None)}
    return Result(step, row.get("ok") is True, code, number_id, known)


def found_of(setup: QuickSetup) -> list[FoundNumber]:
    """The numbers of the account as Meta reported them."""
    return [
        cast(FoundNumber, number)
        for number in objects(setup.found)
        if all(isinstance(number.get(name), str) for name in FoundNumber.__annotations__)
    ]


def chosen_of(setup: QuickSetup) -> list[str] | None:
    """The phone number IDs that are to be connected; None until somebody chose."""
    return texts(setup.phone_number_ids) if isinstance(setup.phone_number_ids, list) else None


def keys_of(setup: QuickSetup) -> list[Key]:
    """The steps of a setup in their order: those that look, and the rest when numbers are chosen."""
    keys = [(step, "") for step in FIRST_STEPS]
    chosen = chosen_of(setup)
    if chosen is not None:
        keys += [(step, number_id) for number_id in chosen for step in NUMBER_STEPS]
        keys += [(step, "") for step in LAST_STEPS]
    return keys


def is_complete(setup: QuickSetup) -> bool:
    """Whether nothing is left to be done."""
    results = results_of(setup)
    return chosen_of(setup) is not None and all(key in results and results[key].ok for key in keys_of(setup))
