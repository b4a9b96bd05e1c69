"""Steps that decide where and when the scenario continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.document.limits import MAX_RULE_VALUE
from bots.document.steps import Condition, Goto, Rule, Wait
from bots.engine import conditions
from bots.engine.effects import SetTimer, TimerKind

from .handler import ONWARD, WAIT, Destination, StepHandler

if TYPE_CHECKING:
    from bots.engine.engine import Turn


class ConditionHandler(StepHandler[Condition]):
    def enter(self, step: Condition, turn: Turn) -> Destination:
        hold = any if step.match == "any" else all
        fulfilled = hold(_holds(rule, turn) for rule in step.rules)
        return (step.then if fulfilled else step.otherwise) or ONWARD


def _holds(rule: Rule, turn: Turn) -> bool:
    value = turn.fill(rule.value, MAX_RULE_VALUE) if isinstance(rule.value, str) else rule.value
    return conditions.holds(turn.value(rule.field), rule.op, value)


class WaitHandler(StepHandler[Wait]):
    def enter(self, step: Wait, turn: Turn) -> Destination:
        turn.want(SetTimer(TimerKind.WAIT, step.seconds))
        return WAIT

    def time_out(self, step: Wait, turn: Turn) -> Destination:
        return step.next or ONWARD


class GotoHandler(StepHandler[Goto]):
    def enter(self, step: Goto, turn: Turn) -> Destination:
        return step.step
