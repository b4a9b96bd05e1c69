"""The part of a text that shows why it was found."""

from dataclasses import dataclass

from .words import Query

#: Characters before the first word that was found, and in all.
BEFORE, LENGTH = 50, 220


@dataclass(frozen=True)
class Part:
    """A piece of an excerpt, marked if it is a word that was looked for."""

    text: str
    is_marked: bool = False


def excerpt(text: str, query: Query) -> list[Part]:
    """A text from before the first word of a query that it has, with all of these marked."""
    places = query.places(text)
    begin = _beginning_of_word(text, places[0][0] - BEFORE) if places else 0
    end = min(begin + LENGTH, len(text))
    parts = [Part("…")] if begin else []
    at = begin
    for first, last in places:
        if first >= end:
            break
        parts += [Part(text[at:first]), Part(text[first : min(last, end)], is_marked=True)]
        at = min(last, end)
    parts.append(Part(text[at:end] + ("…" if end < len(text) else "")))
    return [part for part in parts if part.text]


def _beginning_of_word(text: str, place: int) -> int:
    """The next place at which a word begins; where a text has no blanks, the place itself."""
    if place <= 0:
        return 0
    blank = text.find(" ", place, place + BEFORE)
    return blank + 1 if blank >= 0 else place
