"""
A scenario as a pure function: `advance(definition, state, event, now) → (state, effects)`. No database, no network,
no clock. `definition` is a document without errors (validator.py).
"""

import hashlib
from dataclasses import dataclass, field

from .content import MAX_INTERACTIVE_BODY, MAX_TEXT, choice_message, text_message
from .effects import End, EndReason, HandOff, SendMessage, SetTimer, TimerKind, Visited
from .events import TimedOut
from .interpolation import fill
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
    Where a session is. `step` is the one that waits for an answer, `tries` counts wrong answers to it. `said` are
    digests and times (Unix seconds) of the texts of the last minutes.
    """

    step: str | None = None
    vars: dict = field(default_factory=dict)
    tries: int = 0
    turns: int = 0
    said: tuple = ()

    def begin_another(self):
        """The state in which the next scenario of the same conversation begins: texts said still count."""
        return State(said=self.said)


class Runaway(Exception):
    """A scenario does too much of something."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def advance(definition, state, event, now):
    """What follows from an event: the new state, and the effects in the order in which they are to be carried out."""
    turn = Turn(definition, state, event, now)
    try:
        turn.follow(turn.begin())
    except Runaway as runaway:
        turn.want(HandOff())
        turn.end(runaway.reason)
    return turn.result()


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
        """Where the event leads."""
        if self.before.turns >= MAX_TURNS:
            raise Runaway(EndReason.TOO_MANY_TURNS)
        if self.step is None:
            return ONWARD
        kind = KINDS[self.step["kind"]]
        if isinstance(self.event, TimedOut):
            return kind.time_out(self.step)
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
                raise Runaway(EndReason.TOO_MANY_STEPS)
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
        if "timeout" in self.step:
            self.want(SetTimer(TimerKind.TIMEOUT, self.step["timeout"]["seconds"]))
        self.want(SetTimer(TimerKind.EXPIRY, self.definition.get("expires", EXPIRES)))

    def end(self, reason):
        self.want(End(reason, self.step["key"] if self.step else None))

    def result(self):
        state = State(
            step=self.step["key"] if self.waits else None,
            vars=self.vars,
            tries=self.tries,
            turns=self.before.turns + 1,
            said=tuple(self.said),
        )
        return state, tuple(self.effects)

    # What steps do

    def want(self, effect):
        self.effects.append(effect)

    def know(self, effect):
        """Write something down about the customer, and know it from here on."""
        self.want(effect)
        self.person = self.person.with_news(effect.name, effect.attributes)

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
        digest = hashlib.blake2s(message.text.encode(), digest_size=8).hexdigest()
        self.said.append([digest, self.now.timestamp()])
        if sum(1 for entry in self.said if entry[0] == digest) >= MAX_EQUAL_TEXTS:
            raise Runaway(EndReason.REPEATED_TEXT)

    # Values in texts

    def fill(self, template, limit):
        return fill(template, self.value, limit)

    def value(self, name):
        """The value of a name that texts may use; None when there is none."""
        if name.startswith("vars."):
            return self.vars.get(name.removeprefix("vars."))
        if name.startswith("customer.attributes."):
            return self.person.attributes.get(name.removeprefix("customer.attributes."))
        return {
            "customer.name": self.person.name,
            "customer.phone": self.person.phone,
            "message.text": getattr(self.event, "text", ""),
        }.get(name)
