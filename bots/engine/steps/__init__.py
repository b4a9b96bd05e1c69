"""
The kinds of steps. Each says which keys a step of its kind has, what entering it does, and where it may lead; kinds
that wait say what an answer does. A new kind is a class here and a line in KINDS.

Entering or answering returns where to go on: a step's key, or ONWARD, WAIT, or the reason for which the session ends.
"""

from .branching import Condition, Goto, Wait
from .http_request import Http
from .messages import End, Handoff, Message, Template
from .questions import Ask, Menu
from .records import Set
from .step import ONWARD, WAIT, Move, StepKind

__all__ = ["KINDS", "ONWARD", "WAIT", "Move", "StepKind"]

KINDS = {
    "message": Message(),
    "menu": Menu(),
    "ask": Ask(),
    "condition": Condition(),
    "set": Set(),
    "wait": Wait(),
    "template": Template(),
    "http": Http(),
    "goto": Goto(),
    "handoff": Handoff(),
    "end": End(),
}
