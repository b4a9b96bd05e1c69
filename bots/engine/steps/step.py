"""What every kind of step is."""

from enum import Enum

from bots.engine.fields import Key, Record, Text


class Move(Enum):
    ONWARD = "to the following step"
    WAIT = "for what happens next"


ONWARD, WAIT = Move


class StepKind:
    """
    `name` is what people call it. `fields` are the keys of a step of this kind beside `key` and `kind`; `required` are
    those it cannot miss. `asks`: it waits for the person's answer. `takes_time`: it waits for a person or for a time,
    so that a circle through it is no endless loop.
    """

    name = ""
    fields = {}
    required = ()
    asks = False
    takes_time = False
    goes_on = True

    def record(self):
        return Record({"key": Key(), "kind": Text(20), **self.fields}, ("key", "kind", *self.required))

    def enter(self, step, turn):
        raise NotImplementedError

    def exits(self, step):
        """The references to other steps: pairs of the path below the step and the key found there."""
        return [("next", step["next"])] if "next" in step else []

    def leads_onward(self, step):
        """Whether it may lead to the following step."""
        return self.goes_on and "next" not in step

    # What a step that waits does with what happens; None: this does not concern it.

    def answer(self, step, said, turn):
        """The person wrote."""

    def time_out(self, step, turn):
        """The time is over."""

    def hear(self, step, answered, turn):
        """The service that was called has answered, or has not."""
