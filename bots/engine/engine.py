"""
A scenario as a pure function: `advance(scenario, state, event, now) → (state, effects)`. No database, no network, no
clock. The scenario has no errors (bots.document.validator).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NoReturn

from bots.document.interpolation import FORM, as_text, fill, is_known, look_up
from bots.document.limits import MAX_INTERACTIVE_BODY, MAX_TEXT
from bots.document.scenario import Scenario
from bots.document.steps import BaseStep, Menu, Question

from .content import choice_message, text_message
from .effects import (
    AddTags,
    Effect,
    End,
    EndReason,
    HandOff,
    RemoveTags,
    SendMessage,
    SendTemplate,
    SetCustomer,
    SetTimer,
    TimerKind,
    Visited,
)
from .events import Answered, Event, Person, Said, TimedOut
from .steps import HANDLERS, ONWARD, WAIT, Destination

MAX_STEPS = 50
MAX_TURNS = 300
MAX_EQUAL_TEXTS = 5
#: Seconds.
EQUAL_TEXTS_INTERVAL = 5 * 60


@dataclass(frozen=True)
class State:
    """
    Where a session is in its scenario. `step` is the one that waits, `tries` counts wrong answers to it. `heard` is
    what the person wrote last, `form` the answers if it was a form. `said` are digests and times (Unix seconds) of the
    texts of the last minutes.
    """

    step: str | None = None
    vars: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    turns: int = 0
    heard: str = ""
    said: tuple[Any, ...] = ()
    form: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is stored. What the version before does not know is left out where it is empty."""
        stored = dict(vars(self))
        if not self.form:
            del stored["form"]
        return stored

    def begin_another(self, step: str | None = None, known: dict[str, Any] | None = None) -> State:
        """
        The state in which the conversation's next scenario begins, perhaps at a menu and with values that are known
        already. Texts said still count.
        """
        return State(step=step, vars=known or {}, said=self.said)

    def back_to(self, step: str) -> State:
        """The state in which the session waits at another step, with all it knows."""
        return replace(self, step=step, tries=0)


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


class GivenUp(Exception):
    """The scenario cannot continue by itself, or does too much of something: a person takes over."""

    def __init__(self, reason: EndReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Turn:
    """
    What one call of `advance` gathers, from step to step until one waits or the session ends. The handlers of steps
    work on it.
    """

    def __init__(self, scenario: Scenario, state: State, event: Event, now: datetime) -> None:
        self.scenario = scenario
        self.before = state
        self.event = event
        self.person = event.person
        self.now = now
        self.vars = dict(state.vars)
        self.heard = event.text if isinstance(event, Said) else state.heard
        self.form = event.form if isinstance(event, Said) else state.form
        self.tries = state.tries
        self.said = [entry for entry in state.said if entry[1] > now.timestamp() - EQUAL_TEXTS_INTERVAL]
        self.position = scenario.positions[state.step] if state.step else -1
        self.waits = False
        self.effects: list[Effect] = []

    def play(self) -> tuple[State, tuple[Effect, ...]]:
        """What follows from the event: the new state and the effects."""
        try:
            destination = self.begin()
            if destination is None:
                return self.before, ()
            self.follow(destination)
        except GivenUp as given_up:
            self.want(HandOff())
            self.end(given_up.reason)
        return self.result()

    # From step to step

    @property
    def step(self) -> BaseStep | None:
        """The step where the session is; None before the first."""
        return self.scenario.steps[self.position] if self.position >= 0 else None

    def begin(self) -> Destination | None:
        """Where the event leads; None when the step that waits does not wait for this."""
        if self.before.turns >= MAX_TURNS:
            self.give_up(EndReason.TOO_MANY_TURNS)
        step = self.step
        if step is None:
            return ONWARD
        handler = HANDLERS[type(step)]
        match self.event:
            case TimedOut():
                return handler.time_out(step, self)
            case Answered():
                return handler.receive(step, self.event, self)
            case Said():
                return handler.answer(step, self.event, self)
        return None

    def follow(self, destination: Destination) -> None:
        """Enter step after step until one waits or the session ends."""
        entered = 0
        while destination is not WAIT and not isinstance(destination, EndReason):
            position = self.position + 1 if destination is ONWARD else self.scenario.positions[destination]
            if position == len(self.scenario.steps):
                destination = EndReason.FINISHED
                break
            if entered == MAX_STEPS:
                self.give_up(EndReason.TOO_MANY_STEPS)
            entered += 1
            destination = self.enter(position)
        if destination is WAIT:
            self.wait()
        else:
            self.end(destination)

    def enter(self, position: int) -> Destination:
        self.position = position
        self.tries = 0
        step = self.scenario.steps[position]
        self.want(Visited(step.key))
        return HANDLERS[type(step)].enter(step, self)

    def wait(self) -> None:
        self.waits = True
        if not isinstance(self.step, Question):
            return
        if self.step.timeout:
            self.want(SetTimer(TimerKind.TIMEOUT, self.step.timeout.seconds))
        self.want(SetTimer(TimerKind.EXPIRY, self.scenario.expires))

    def end(self, reason: EndReason) -> None:
        self.want(End(reason, self.step.key if self.step else None))

    def give_up(self, reason: EndReason) -> NoReturn:
        """End the turn and the session here; a person takes over."""
        raise GivenUp(reason)

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        state = State(
            step=self.step.key if self.step and self.waits else None,
            vars=self.vars,
            tries=self.tries,
            turns=self.before.turns + 1,
            heard=self.heard,
            said=tuple(self.said),
            form=self.form,
        )
        return state, tuple(self.effects)

    # What steps do

    def want(self, effect: Effect) -> None:
        self.effects.append(effect)

    def save(self, name: str | None, value: Any) -> None:
        """Save a value under a name, if the author gave one."""
        if name is not None:
            self.vars[name] = value

    def record(self, effect: Effect) -> None:
        """Write something down about the customer, and know it from here on."""
        self.want(effect)
        self.person = person_after(self.person, effect)

    def say(self, template: str) -> None:
        text = self.fill(template, MAX_TEXT)
        if text.strip():
            self.send(SendMessage(text_message(text), text))

    def offer(self, menu: Menu, template: str) -> None:
        text = self.fill(template, MAX_INTERACTIVE_BODY).strip() or "…"
        labels = tuple(choice.label for choice in menu.choices)
        self.send(SendMessage(choice_message(menu.key, text, menu.choices), text, labels))

    def send(self, message: SendMessage) -> None:
        self.want(message)
        self.note(message.text)

    def send_template(self, name: str, language: str, parameters: dict[str, str]) -> None:
        self.want(SendTemplate(name, language, parameters))
        self.note(repr((name, language, sorted(parameters.items()))))

    def note(self, text: str) -> None:
        """Something was said. The same too often is no conversation, but two machines that talk to each other."""
        digest = hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
        self.said.append([digest, self.now.timestamp()])
        if sum(1 for entry in self.said if entry[0] == digest) >= MAX_EQUAL_TEXTS:
            self.give_up(EndReason.REPEATED_TEXT)

    # Values in texts

    def fill(self, template: str, limit: int, as_text: Callable[[Any], str] = as_text) -> str:
        """The template filled in, with each value as `as_text` writes it."""
        filled: str = fill(template, lambda name: as_text(self.value(name)) if is_known(name) else None, limit)
        return filled

    def value(self, name: str) -> Any:
        """The value of a name that texts and conditions may use; None when there is none."""
        if name.startswith("vars."):
            return look_up(self.vars, name.removeprefix("vars."))
        if name.startswith(FORM):
            return self.form.get(name.removeprefix(FORM))
        if name.startswith("customer.attributes."):
            return self.person.attributes.get(name.removeprefix("customer.attributes."))
        return {
            "customer.name": self.person.name,
            "customer.phone": self.person.phone,
            "customer.tags": list(self.person.tags),
            "message.text": self.heard,
            "now.office_hours": self.event.office_hours,
        }.get(name)


def person_after(person: Person, effect: Effect) -> Person:
    """The person as known once an effect is written."""
    if isinstance(effect, SetCustomer):
        return person.with_facts(effect.name, effect.attributes)
    if isinstance(effect, AddTags):
        return person.with_tags(added=effect.names)
    if isinstance(effect, RemoveTags):
        return person.with_tags(removed=effect.names)
    return person
