"""What the engine wants done, as plain facts: bots.runtime.writing does it, a simulation only shows it."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EndReason(TextChoices):
    """Why a session ended."""

    FINISHED = "finished", _("the scenario came to its end")
    HANDED_OFF = "handed_off", _("handed over to a person")
    EXPIRED = "expired", _("no answer came")
    OPTED_OUT = "opted_out", _("the customer wants no more messages")
    REPLACED = "replaced", _("another scenario began")
    SWITCHED_OFF = "switched_off", _("the bot, its scenario or its number was switched off")
    TOO_MANY_STEPS = "too_many_steps", _("more than 50 steps in one turn")
    TOO_MANY_TURNS = "too_many_turns", _("more than 300 turns")
    REPEATED_TEXT = "repeated_text", _("the same text 5 times in 5 minutes")
    UNREADABLE_AMOUNT = "unreadable_amount", _("the amount of a deal could not be read")
    CALL_FAILED = "call_failed", _("a service gave no answer")
    ERROR = "error", _("an error")
    RESTORED = "restored", _("the database was restored from a backup")


class TimerKind(TextChoices):
    TIMEOUT = "timeout", _("timeout")
    EXPIRY = "expiry", _("expiry")
    WAIT = "wait", _("wait")


@dataclass(frozen=True)
class Effect:
    def as_json(self) -> dict[str, Any]:
        """The effect for the log of turns."""
        return {"effect": type(self).__name__, **vars(self)}


@dataclass(frozen=True)
class Visited(Effect):
    """A step was entered: the path of the turn."""

    step: str


@dataclass(frozen=True)
class SendMessage(Effect):
    """`content` is Cloud API's message without a recipient; `text` and the `choices` are what a person sees."""

    content: dict[str, Any]
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SendTemplate(Effect):
    """`parameters` by placeholder, as whatsapp.template_parameters names them."""

    template: str
    language: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SetCustomer(Effect):
    name: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AddTags(Effect):
    names: tuple[str, ...]


@dataclass(frozen=True)
class RemoveTags(Effect):
    names: tuple[str, ...]


@dataclass(frozen=True)
class CreateDeal(Effect):
    title: str
    stage: str
    #: None where it could not be read.
    amount: str | None


@dataclass(frozen=True)
class HandOff(Effect):
    """A person takes over from here; the bot is silent."""


@dataclass(frozen=True)
class SetTimer(Effect):
    kind: TimerKind
    seconds: int


@dataclass(frozen=True)
class Call(Effect):
    """A service is to be called; what comes of it is the session's next event, Answered."""

    step: str
    method: str
    url: str
    body: Any = None
    has_body: bool = False
    wants_json: bool = False


@dataclass(frozen=True)
class Refused(Effect):
    """What the step wanted could not be done, so the session is over and a person takes over."""

    step: str
    why: str


@dataclass(frozen=True)
class End(Effect):
    """The session is over; `step` is where."""

    reason: EndReason
    step: str | None = None
