"""Steps that call a program of the business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bots.document.interpolation import as_text
from bots.document.limits import MAX_TEXT, MAX_URL
from bots.document.steps import HttpRequest
from bots.engine.effects import Call, EndReason
from bots.engine.events import Answered

from .handler import ONWARD, WAIT, Destination, StepHandler

if TYPE_CHECKING:
    from bots.engine.engine import Turn


class HttpRequestHandler(StepHandler[HttpRequest]):
    def enter(self, step: HttpRequest, turn: Turn) -> Destination:
        url = turn.fill(step.url, MAX_URL, as_text=_in_url)
        body = _filled(step.body, turn)
        turn.want(Call(step.key, step.method, url, body, step.has_body, step.save_to is not None))
        return WAIT

    def receive(self, step: HttpRequest, answered: Answered, turn: Turn) -> Destination:
        if answered.failed:
            return step.failed or turn.give_up(EndReason.CALL_FAILED)
        turn.save(step.save_to, answered.value)
        return step.next or ONWARD


def _in_url(value: Any) -> str:
    return quote(as_text(value), safe="")


def _filled(value: Any, turn: Turn) -> Any:
    """JSON with the placeholders in its texts filled. Values stay inside their texts, whatever they hold."""
    if isinstance(value, str):
        return turn.fill(value, MAX_TEXT)
    if isinstance(value, dict):
        return {key: _filled(item, turn) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, turn) for item in value]
    return value
