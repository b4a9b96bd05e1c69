"""Steps that call a program of the business."""

from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from bots.engine.effects import Call, EndReason
from bots.engine.fields import Json, Key, OneOf, Text
from bots.engine.interpolation import as_text

from .step import ONWARD, WAIT, StepKind

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = ("POST", "PUT", "PATCH")
MAX_URL = 2000
MAX_TEXT = 4096


class Http(StepKind):
    """
    Calls an address on a host that the business allowed and keeps the JSON of the answer. Any failure leads to
    `failed`, or to a person: a refused host, no answer in time, a status other than 2xx, no JSON where it is to be
    kept, and a call of which a crash left unknown whether it arrived. A call is never repeated by itself.
    """

    name = _("Call a service")
    fields = {
        "method": OneOf(METHODS),
        "url": Text(MAX_URL),
        "json": Json(),
        "save_to": Key(),
        "failed": Key(),
        "next": Key(),
    }
    required = ("method", "url")

    def enter(self, step, turn):
        url = turn.fill(step["url"], MAX_URL, as_text=lambda value: quote(as_text(value), safe=""))
        body = filled(step["json"], turn) if "json" in step else None
        turn.want(Call(step["key"], step["method"], url, body, "json" in step, "save_to" in step))
        return WAIT

    def hear(self, step, answered, turn):
        if answered.failed:
            return step.get("failed") or turn.give_up(EndReason.CALL_FAILED)
        if "save_to" in step:
            turn.vars[step["save_to"]] = answered.value
        return step.get("next", ONWARD)

    def exits(self, step):
        failed = [("failed", step["failed"])] if "failed" in step else []
        return [*super().exits(step), *failed]


def filled(value, turn):
    """JSON with the placeholders in its texts filled. Values stay inside their texts, whatever they hold."""
    if isinstance(value, str):
        return turn.fill(value, MAX_TEXT)
    if isinstance(value, dict):
        return {key: filled(item, turn) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, turn) for item in value]
    return value
