"""What happens to a session, as the engine sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crm.normalization import fold_tag

from .effects import TimerKind


@dataclass(frozen=True)
class Person:
    """The customer as a scenario knows them. Phones without a country code are read as phones of `country`."""

    name: str = ""
    phone: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    country: str = "RU"
    tags: tuple[str, ...] = ()

    def with_facts(self, name: str | None = None, attributes: Mapping[str, Any] | None = None) -> Person:
        """The person after something was written down about them."""
        return replace(self, name=name or self.name, attributes={**self.attributes, **(attributes or {})})

    def with_tags(self, added: Iterable[str] = (), removed: Iterable[str] = ()) -> Person:
        tags: dict[str, str] = {}
        for tag in (*self.tags, *added):
            tags.setdefault(fold_tag(tag), tag)
        for tag in removed:
            tags.pop(fold_tag(tag), None)
        return replace(self, tags=tuple(tags.values()))


@dataclass(frozen=True)
class Event:
    """What happened, and what may be asked about the moment. `office_hours`: the bot's people are at work now."""

    person: Person = field(default_factory=Person)
    office_hours: bool = field(default=True, kw_only=True)


@dataclass(frozen=True)
class Said(Event):
    """
    The person wrote, tapped or sent something. `text` is empty for media without a caption, `choice_id` names a
    tapped button or row, `content` is the object of Meta's `type` (for example what stands under "image"), `form` are
    the answers of a form by name.
    """

    text: str = ""
    choice_id: str = ""
    type: str = "text"
    content: dict[str, Any] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)

    @property
    def is_for_people(self) -> bool:
        """Whether it is something to be dealt with, which is no wrong answer to what a bot asked."""
        is_form = self.type == "interactive" and "nfm_reply" in self.content
        return self.type in ("order", "contacts") or is_form


@dataclass(frozen=True)
class TimedOut(Event):
    """The time to answer, or to wait, is over. `kind` is that of the timer; on expiry the engine is not asked."""

    kind: TimerKind = TimerKind.TIMEOUT


@dataclass(frozen=True)
class Answered(Event):
    """
    A service that was called at `step` has answered with this JSON. `failed` says why it has not; empty: it has.
    `status` is HTTP's, where there was one.
    """

    value: Any = None
    failed: str = ""
    step: str = ""
    status: int | None = None
