"""
A scenario as a pure function: `advance(definition, state, event, now) → (state, effects)`. No database, no network,
no clock. `definition` is a document without errors (validator.py).
"""

import hashlib
from dataclasses import dataclass, field

from .content import MAX_INTERACTIVE_BODY, MAX_TEXT, choice_message, text_message
from .effects import (
    AddTags,
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
from .events import Answered, Said, TimedOut
from .interpolation import as_text, fill, is_known, look_up
from .steps import KINDS, ONWARD, WAIT

MAX_STEPS = 50
MAX_TURNS = 300
MAX_EQUAL_TEXTS = 5
EQUAL_TEXTS_WITHIN = 5 * 60

#: A scenario that waits ends after this many seconds, where the document does not say.
EXPIRES = 86400


@dataclass(frozen=True)
class State:
    """
    Where a session is. `step` is the one that waits, `tries` counts wrong answers to it. `heard` is what the person
    wrote last. `said` are digests and times (Unix seconds) of the texts of the last minutes.
    """

    step: str | None = None
    vars: dict = field(default_factory=dict)
    tries: int = 0
    turns: int = 0
    heard: str = ""
    said: tuple = ()

    def begin_another(self, step=None):
        """The state in which the conversation's next scenario begins, perhaps at a menu. Texts said still count."""
        return State(step=step, said=self.said)


class GivenUp(Exception):
    """The scenario cannot go on by itself, or does too much of something: a person goes on."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def advance(definition, state, event, now):
    """
    What follows from an event: the new state, and the effects in the order in which they are to be carried out. An
    event that does not concern the step that waits changes nothing and has no effects.
    """
    turn = Turn(definition, state, event, now)
    try:
        move = turn.begin()
        if move is None:
            return state, ()
        turn.follow(move)
    except GivenUp as given_up:
        turn.want(HandOff())
        turn.end(given_up.reason)
    return turn.result()


def waits_for_answer(definition, state):
    """Whether a session in this state has asked the person something."""
    step = next((step for step in definition["steps"] if step["key"] == state.step), None)
    return step is not None and KINDS[step["kind"]].asks


class Turn:
    """What one call of `advance` gathers; the kinds of steps work on it."""

    def __init__(self, definition, state, event, now):
        self.definition = definition
        self.steps = definition["steps"]
        self.positions = {step["key"]: position for position, step in enumerate(self.steps)}
        self.before = state
        self.event = event
        self.person = event.person
        self.now = now
        self.vars = dict(state.vars)
        self.heard = event.text if isinstance(event, Said) else state.heard
        self.tries = state.tries
        self.said = [entry for entry in state.said if entry[1] > now.timestamp() - EQUAL_TEXTS_WITHIN]
        self.position = self.positions[state.step] if state.step else -1
        self.waits = False
        self.effects = []

    # The way through the steps

    @property
    def step(self):
        return self.steps[self.position] if self.position >= 0 else None

    def begin(self):
        """Where the event leads; None when the step that waits does not wait for this."""
        if self.before.turns >= MAX_TURNS:
            self.give_up(EndReason.TOO_MANY_TURNS)
        if self.step is None:
            return ONWARD
        kind = KINDS[self.step["kind"]]
        if isinstance(self.event, TimedOut):
            return kind.time_out(self.step, self)
        if isinstance(self.event, Answered):
            return kind.hear(self.step, self.event, self)
        return kind.answer(self.step, self.event, self)

    def follow(self, move):
        """Enter step after step until one waits or the session ends."""
        entered = 0
        while move is not WAIT and not isinstance(move, EndReason):
            position = self.position + 1 if move is ONWARD else self.positions[move]
            if position == len(self.steps):
                move = EndReason.FINISHED
                break
            if entered == MAX_STEPS:
                self.give_up(EndReason.TOO_MANY_STEPS)
            entered += 1
            move = self.enter(position)
        if move is WAIT:
            self.wait()
        else:
            self.end(move)

    def enter(self, position):
        self.position = position
        self.tries = 0
        self.want(Visited(self.step["key"]))
        return KINDS[self.step["kind"]].enter(self.step, self)

    def wait(self):
        self.waits = True
        if not KINDS[self.step["kind"]].asks:
            return
        if "timeout" in self.step:
            self.want(SetTimer(TimerKind.TIMEOUT, self.step["timeout"]["seconds"]))
        self.want(SetTimer(TimerKind.EXPIRY, self.definition.get("expires", EXPIRES)))

    def end(self, reason):
        self.want(End(reason, self.step["key"] if self.step else None))

    def give_up(self, reason):
        raise GivenUp(reason)

    def result(self):
        state = State(
            step=self.step["key"] if self.waits else None,
            vars=self.vars,
            tries=self.tries,
            turns=self.before.turns + 1,
            heard=self.heard,
            said=tuple(self.said),
        )
        return state, tuple(self.effects)

    # What steps do

    def want(self, effect):
        self.effects.append(effect)

    def know(self, effect):
        """Write something down about the customer, and know it from here on."""
        self.want(effect)
        self.person = person_after(self.person, effect)

    def say(self, template):
        text = self.fill(template, MAX_TEXT)
        if text.strip():
            self.send(SendMessage(text_message(text), text))

    def offer(self, step, template):
        text = self.fill(template, MAX_INTERACTIVE_BODY).strip() or "…"
        labels = tuple(choice["label"] for choice in step["choices"])
        self.send(SendMessage(choice_message(step["key"], text, step["choices"]), text, labels))

    def send(self, message):
        self.want(message)
        self.note(message.text)

    def send_template(self, name, language, parameters):
        self.want(SendTemplate(name, language, parameters))
        self.note(repr((name, language, sorted(parameters.items()))))

    def note(self, text):
        """Something was said. The same too often is no conversation, but two machines that talk to each other."""
        digest = hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
        self.said.append([digest, self.now.timestamp()])
        if sum(1 for entry in self.said if entry[0] == digest) >= MAX_EQUAL_TEXTS:
            self.give_up(EndReason.REPEATED_TEXT)

    # Values in texts

    def fill(self, template, limit, as_text=as_text):
        """The template filled in, with each value as `as_text` writes it."""
        return fill(template, lambda name: as_text(self.value(name)) if is_known(name) else None, limit)

    def value(self, name):
        """The value of a name that texts and conditions may use; None when there is none."""
        if name.startswith("vars."):
            return look_up(self.vars, name.removeprefix("vars."))
        if name.startswith("customer.attributes."):
            return self.person.attributes.get(name.removeprefix("customer.attributes."))
        return {
            "customer.name": self.person.name,
            "customer.phone": self.person.phone,
            "customer.tags": list(self.person.tags),
            "message.text": self.heard,
            "now.office_hours": self.event.office_hours,
        }.get(name)


def person_after(person, effect):
    """The person as known once an effect was carried out."""
    if isinstance(effect, SetCustomer):
        return person.with_news(effect.name, effect.attributes)
    if isinstance(effect, AddTags):
        return person.with_tags(added=effect.names)
    if isinstance(effect, RemoveTags):
        return person.with_tags(removed=effect.names)
    return person
