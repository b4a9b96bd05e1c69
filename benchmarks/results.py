"""The one shape of what benchmarks find: rows, and how it stood around them. Printed as a table, kept as JSON."""

import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from .cpu import Reading

#: The part of all processors that others may use before they spoil what is measured.
QUIET = 0.05

_GOAL = re.compile(r"([≥≤]) ([\d,.]+)( ×)?")
_NUMBER = re.compile(r"\+?([\d,.]+) ?(.*)")


@dataclass(frozen=True)
class Row:
    """What was measured, and what it should be: `≥ 0.95 ×` of the limit, or `≤ 60 ms` of ours."""

    name: str
    goal: str
    ours: float
    unit: str = ""
    #: What the fastest way or a peer did in the same run.
    limit: float | None = None
    #: CPU of one piece of work, in microseconds, ours and the limit's.
    cpu: float | None = None
    limit_cpu: float | None = None

    @classmethod
    def of_texts(cls, name: str, goal: str, limit: str, ours: str, _ratio: str) -> Self:
        """A line of a benchmark that formats its figures itself."""
        (mine, unit), (theirs, _unit) = _figure(ours), _figure(limit)
        return cls(name, goal, mine or 0, unit, theirs)

    @property
    def ratio(self) -> float | None:
        return self.ours / self.limit if self.limit else None

    @property
    def is_met(self) -> bool | None:
        """None where there is no goal, or nothing to compare it with."""
        found = _GOAL.match(self.goal)
        figure = (self.ratio if found[3] else self.ours) if found else None
        if found is None or figure is None:
            return None
        goal = float(found[2].replace(",", ""))
        return figure >= goal if found[1] == "≥" else figure <= goal

    def cells(self) -> list[str]:
        met = {True: "met", False: "missed", None: ""}[self.is_met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        cpu = " / ".join(f"{it:,.0f} µs" for it in (self.cpu, self.limit_cpu) if it is not None)
        limit = "" if self.limit is None else _shown(self.limit, self.unit)
        return [self.name, _shown(self.ours, self.unit), limit, ratio, cpu, self.goal, met]


def _figure(text: str) -> tuple[float | None, str]:
    found = _NUMBER.match(str(text))
    return (float(found[1].replace(",", "")), found[2]) if found else (None, "")


def _shown(figure: float, unit: str) -> str:
    digits = 0 if figure >= 100 or figure == int(figure) else 1 if figure >= 10 else 2
    return f"{figure:,.{digits}f} {unit}".strip()


@dataclass(frozen=True)
class Result:
    """The rows of one table."""

    title: str
    rows: list[Row]
    rounds: int
    seconds: float
    cpu_seconds: float
    #: The part of all processors that others used meanwhile.
    others: float
    cpus: int = field(default_factory=lambda: os.cpu_count() or 1)

    @classmethod
    def of(cls, title: str, rows: Iterable[Row], rounds: int, reading: Reading) -> Self:
        return cls(title, list(rows), rounds, *reading)

    @property
    def is_quiet(self) -> bool:
        return self.others <= QUIET

    def __str__(self) -> str:
        lines = [["", "ours", "limit", "ratio", "CPU of one", "goal", ""], *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
        return "\n".join([self.title, *table, self._circumstances])

    @property
    def _circumstances(self) -> str:
        rounds = f"median of {self.rounds}, " if self.rounds > 1 else ""
        quiet = "quiet" if self.is_quiet else "NOT QUIET"
        return (
            f"({rounds}{self.seconds:.0f} s, {self.cpu_seconds:.0f} s of CPU on {self.cpus};"
            f" {quiet}: others used {self.others:.0%})"
        )

    def as_json(self) -> dict[str, Any]:
        rows = [{**asdict(row), "ratio": row.ratio, "is_met": row.is_met} for row in self.rows]
        return {**asdict(self), "rows": rows, "is_quiet": self.is_quiet}
