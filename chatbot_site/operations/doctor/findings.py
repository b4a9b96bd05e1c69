"""What was found of one thing."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """`ok` only of what was looked at; what could not be is a warning."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """How a thing stands in a sentence, and what to do, empty where nothing is to be done."""

    state: State
    text: str
    action: str = ""


@dataclass(frozen=True)
class Line:
    """A Finding with the key of the check that made it: a line of the list."""

    check: str
    state: State
    text: str
    action: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def ok(text: str) -> Finding:
    return Finding(State.OK, text)


def warning(text: str, action: str) -> Finding:
    return Finding(State.WARNING, text, action)


def broken(text: str, action: str) -> Finding:
    return Finding(State.BROKEN, text, action)
