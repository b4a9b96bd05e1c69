"""Steps that decide where and when it goes on."""

from django.utils.translation import gettext_lazy as _

from bots.engine import conditions
from bots.engine.effects import SetTimer, TimerKind
from bots.engine.fields import Key, ListOf, OneOf, Record, Scalar, Text, Whole

from .step import ONWARD, WAIT, StepKind

MAX_RULES = 20
LONGEST_WAIT = 30 * 86400


class Condition(StepKind):
    """Goes one way when its rules hold, and another when not. Without a way it goes on to the following step."""

    name = _("Condition")
    rule = Record({"field": Text(100), "op": OneOf(tuple(conditions.OPS)), "value": Scalar(1000)}, ("field", "op"))
    fields = {"match": OneOf(("all", "any")), "rules": ListOf(rule, MAX_RULES), "then": Key(), "otherwise": Key()}
    required = ("rules",)

    def enter(self, step, turn):
        hold = any if step.get("match") == "any" else all
        fulfilled = hold(self.holds(rule, turn) for rule in step["rules"])
        return step.get("then" if fulfilled else "otherwise", ONWARD)

    def holds(self, rule, turn):
        wanted = rule.get("value")
        wanted = turn.fill(wanted, 1000) if isinstance(wanted, str) else wanted
        return conditions.holds(turn.value(rule["field"]), rule["op"], wanted)

    def exits(self, step):
        return [(name, step[name]) for name in ("then", "otherwise") if name in step]

    def leads_onward(self, step):
        return len(self.exits(step)) < 2


class Wait(StepKind):
    """
    Lets some time pass. Nobody was asked anything, so what the person writes meanwhile is no answer: a keyword, a
    button, or a word of the bot begins what it always begins, and this scenario is over; anything else is left to
    people, and the wait goes on.
    """

    name = _("Wait")
    fields = {"seconds": Whole(1, LONGEST_WAIT), "next": Key()}
    required = ("seconds",)
    takes_time = True

    def enter(self, step, turn):
        turn.want(SetTimer(TimerKind.WAIT, step["seconds"]))
        return WAIT

    def time_out(self, step, turn):
        return step.get("next", ONWARD)


class Goto(StepKind):
    """Goes on elsewhere."""

    name = _("Go to a step")
    fields = {"step": Key()}
    required = ("step",)
    goes_on = False

    def enter(self, step, turn):
        return step["step"]

    def exits(self, step):
        return [("step", step["step"])] if "step" in step else []
