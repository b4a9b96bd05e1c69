"""Where a session is in its scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class State:
    """
    Where a session is. `step` is the one that waits, `tries` counts wrong answers to it. `heard` is what the person
    wrote last. `said` are digests and times (Unix seconds) of the texts of the last minutes.
    """

    step: str | None = None
    vars: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    turns: int = 0
    heard: str = ""
    said: tuple[Any, ...] = ()

    def begin_another(self, step: str | None = None) -> State:
        """The state in which the conversation's next scenario begins, perhaps at a menu. Texts said still count."""
        return State(step=step, said=self.said)
