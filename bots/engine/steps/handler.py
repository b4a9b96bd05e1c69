"""What the handlers of all kinds of steps have in common."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from bots.document.steps import BaseStep
from bots.engine.effects import EndReason
from bots.engine.events import Answered, Said

if TYPE_CHECKING:
    from bots.engine.engine import Turn


class Move(Enum):
    ONWARD = "to the following step"
    WAIT = "for what happens next"


ONWARD: Literal[Move.ONWARD] = Move.ONWARD
WAIT: Literal[Move.WAIT] = Move.WAIT

#: Where a step leads: a step's key, a move, or the reason for which the session ends.
Destination = str | Move | EndReason

S = TypeVar("S", bound=BaseStep)


class StepHandler(Generic[S]):
    """What a step of one kind does in a turn."""

    def enter(self, step: S, turn: Turn) -> Destination:
        raise NotImplementedError

    # What a step that waits does with what happens; None: this does not concern it.

    def answer(self, step: S, said: Said, turn: Turn) -> Destination | None:
        """The person wrote."""
        return None

    def time_out(self, step: S, turn: Turn) -> Destination | None:
        """The time is over."""
        return None

    def receive(self, step: S, answered: Answered, turn: Turn) -> Destination | None:
        """The service that was called has answered, or has not."""
        return None
