"""Steps that say something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.document.limits import MAX_PARAMETER
from bots.document.steps import End, Handoff, Message, Template
from bots.engine.effects import EndReason, HandOff

from .handler import ONWARD, Destination, StepHandler

if TYPE_CHECKING:
    from bots.engine.engine import Turn


class MessageHandler(StepHandler[Message]):
    def enter(self, step: Message, turn: Turn) -> Destination:
        turn.say(step.text)
        return step.next or ONWARD


class TemplateHandler(StepHandler[Template]):
    def enter(self, step: Template, turn: Turn) -> Destination:
        filled = {name: turn.fill(text, MAX_PARAMETER).strip() for name, text in step.parameters.items()}
        turn.send_template(step.template, step.language, filled)
        return step.next or ONWARD


class HandoffHandler(StepHandler[Handoff]):
    def enter(self, step: Handoff, turn: Turn) -> Destination:
        turn.say(step.text or "")
        turn.want(HandOff())
        return EndReason.HANDED_OFF


class EndHandler(StepHandler[End]):
    def enter(self, step: End, turn: Turn) -> Destination:
        turn.say(step.text or "")
        return EndReason.FINISHED
