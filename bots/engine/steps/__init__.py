"""
What entering a step does and, for those that wait, what an answer does: a handler for each kind of step of
bots.document.steps, and a line in HANDLERS.

Entering or answering returns where the scenario continues: a step's key, or ONWARD, WAIT, or the reason for which
the session ends.
"""

from typing import Any

from bots.document import steps
from bots.document.steps import BaseStep

from .branching import ConditionHandler, GotoHandler, WaitHandler
from .handler import ONWARD, WAIT, Destination, Move, StepHandler
from .http_request import HttpRequestHandler
from .messages import EndHandler, HandoffHandler, MessageHandler, TemplateHandler
from .questions import AskHandler, MenuHandler
from .records import SetHandler

__all__ = ["HANDLERS", "ONWARD", "WAIT", "Destination", "Move", "StepHandler"]

HANDLERS: dict[type[BaseStep], StepHandler[Any]] = {
    steps.Message: MessageHandler(),
    steps.Menu: MenuHandler(),
    steps.Ask: AskHandler(),
    steps.Condition: ConditionHandler(),
    steps.Set: SetHandler(),
    steps.Wait: WaitHandler(),
    steps.Template: TemplateHandler(),
    steps.HttpRequest: HttpRequestHandler(),
    steps.Goto: GotoHandler(),
    steps.Handoff: HandoffHandler(),
    steps.End: EndHandler(),
}
