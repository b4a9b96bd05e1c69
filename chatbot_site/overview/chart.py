"""A chart of days with two bars each, as what an SVG needs: a page draws it without a script."""

from collections.abc import Sequence
from dataclasses import dataclass

from .spans import Day

#: The height of the drawing, and the widths of a day and of a bar in it.
HEIGHT, DAY_WIDTH, BAR_WIDTH = 100, 20, 8


@dataclass(frozen=True)
class Bar:
    """A rectangle of the drawing."""

    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """A day with its bars."""

    day: Day
    received: Bar
    sent: Bar


@dataclass(frozen=True)
class Chart:
    """The columns, how wide they are together, and the number that the full height stands for."""

    columns: list[Column]
    top: int
    height: int = HEIGHT

    @property
    def width(self) -> int:
        return DAY_WIDTH * len(self.columns)


def chart(days: Sequence[Day]) -> Chart:
    """A chart of messages in and out of these days."""
    top = max((max(day.figures.received, day.figures.sent) for day in days), default=0)
    columns = [
        Column(day, _bar(place, 1, day.figures.received, top), _bar(place, 1 + BAR_WIDTH + 1, day.figures.sent, top))
        for place, day in enumerate(days)
    ]
    return Chart(columns, top)


def _bar(place: int, offset: int, count: int, top: int) -> Bar:
    # The least is seen too.
    height = max(round(HEIGHT * count / top, 1), 1.0) if count > 0 else 0
    return Bar(place * DAY_WIDTH + offset, round(HEIGHT - height, 1), height)
