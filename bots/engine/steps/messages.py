"""Steps that say something."""

from django.utils.translation import gettext_lazy as _

from bots.engine import content
from bots.engine.effects import EndReason, HandOff
from bots.engine.fields import Key, Text, Texts

from .step import ONWARD, StepKind

#: The longest parameter of a template: the body itself holds no more (Cloud API, "Templates").
MAX_PARAMETER = 1024
MAX_PARAMETERS = 50


class Message(StepKind):
    """Says something."""

    name = _("Message")
    fields = {"text": Text(content.MAX_TEXT), "next": Key()}
    required = ("text",)

    def enter(self, step, turn):
        turn.say(step["text"])
        return step.get("next", ONWARD)


class Template(StepKind):
    """
    Sends a template, which reaches the person also when the 24-hour window is closed, for example after a wait. If
    the number has no such approved template when its turn comes, a person is called.
    """

    name = _("Template")
    fields = {
        "template": Text(512),
        "language": Text(15),
        "parameters": Texts(MAX_PARAMETER, MAX_PARAMETERS),
        "next": Key(),
    }
    required = ("template", "language")

    def enter(self, step, turn):
        parameters = step.get("parameters", {})
        filled = {name: turn.fill(text, MAX_PARAMETER).strip() for name, text in parameters.items()}
        turn.send_template(step["template"], step["language"], filled)
        return step.get("next", ONWARD)


class Handoff(StepKind):
    """Calls a person and ends."""

    name = _("Call a person")
    fields = {"text": Text(content.MAX_TEXT)}
    goes_on = False

    def enter(self, step, turn):
        turn.say(step.get("text", ""))
        turn.want(HandOff())
        return EndReason.HANDED_OFF


class End(StepKind):
    """Ends."""

    name = _("End")
    fields = {"text": Text(content.MAX_TEXT)}
    goes_on = False

    def enter(self, step, turn):
        turn.say(step.get("text", ""))
        return EndReason.FINISHED
