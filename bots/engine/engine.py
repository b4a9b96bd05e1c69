"""
A scenario as a pure function: `advance(scenario, state, event, now) → (state, effects)`. No database, no network, no
clock. The scenario has no errors (bots.document.validator).
"""

from datetime import datetime

from bots.document.scenario import Scenario

from .effects import Effect
from .events import Event
from .state import State
from .turn import MAX_STEPS, Turn, person_after

__all__ = ["MAX_STEPS", "State", "advance", "person_after", "waits_for_answer"]


def advance(scenario: Scenario, state: State, event: Event, now: datetime) -> tuple[State, tuple[Effect, ...]]:
    """
    What follows from an event: the new state, and the effects in the order in which they are to be written. An
    event that does not concern the step that waits changes nothing and has no effects.
    """
    return Turn(scenario, state, event, now).play()


def waits_for_answer(scenario: Scenario, state: State) -> bool:
    """Whether a session in this state has asked the person something."""
    step = scenario.step(state.step)
    return step is not None and step.asks
