"""What a check found."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """`ok` only of what was checked; what could not be checked is a warning."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """A sentence on how a thing stands, and one on what to do, which is empty where nothing needs to be done."""

    state: State
    text: str
    action: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the list: a Finding with the key of its check. Backticks enclose what is to be typed."""

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
