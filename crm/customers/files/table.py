"""Where in a file the customers are, and what its columns seem to hold where their headings do not say so."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property, partial
from itertools import islice

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.normalization import fold, normalize, trim, visible
from whatsapp.phone_numbers import normalize_phone

from .columns import (
    HEADINGS,
    IDENTITIES,
    MAX_COLUMNS,
    OTHER_HEADINGS,
    attribute_column,
    column_name,
    columns_of,
    heading,
    named,
)
from .spreadsheets import read_rows, without_separator_line

#: Column → the words in a heading that may mean it.
_SIGNS = {
    "phone": re.compile(r"\b(phones?|mobile|cell|whatsapp|тел|телефон\w*|моб|мобильн\w*|сотов\w*|в[ао]т?[сц]ап\w*)\b"),
    "name": re.compile(
        r"\b(имя|фио|фамилия имя|(customer|client|contact|full|first|person)('?s)? name)\b"
        r"|^(покупатель|заказчик|клиент|контакт|customer|client|contact)$"
    ),
    "tags": re.compile(r"\b(tags?|labels?|метк[аи]|тег[аи]?|ярлык\w*)\b"),
    "opted_out": re.compile(r"\b(opt(ed)?[ -]?out|unsubscribed?|отпис\w+|отказ\w* от рассыл\w+)\b"),
}
#: What means none: a fax, and at Google Contacts of which kind a phone or an address is.
_NOT = {"phone": re.compile(r"\b(fax|факс)\b"), "tags": re.compile(r" - label$")}

#: How alike a heading and one of HEADINGS are that differ by a slip of the finger.
_LIKENESS = 0.8

#: The headings stand in one of the first rows that are not empty: a title may come before.
MAX_TITLE_ROWS = 5

#: Rows that tell what a column holds, values of it that are looked at, how far, and those that people are shown.
_SAMPLE_ROWS = 50
_VALUES = 20
_LOOKED_AT = 40
_SHOWN_VALUES = 3

_DELIMITERS = ";\t,"

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Column:
    """
    A column as people are asked about it: the letter a spreadsheet gives it, its heading, some values, and what it
    seems to hold: a key of HEADINGS, an attribute's name after ATTRIBUTE_PREFIX, or empty for nothing to import.
    """

    letter: str
    heading: str
    samples: tuple[str, ...]
    guess: str


class Table:
    """
    Where in the text of a file the customers are: `delimiter`, `heading_row` (0 for a file without headings),
    `headings`. `columns` is what the headings say: where all is clear, what is imported. `country` is where phones
    without a country code are from.
    """

    def __init__(self, text: str, country: str) -> None:
        self._is_phone = cache(partial(is_phone, country=country))
        self.text, separator = without_separator_line(text)
        self.delimiter, self.heading_row, self.headings = max(
            ((delimiter, *self._named_headings(delimiter)) for delimiter in separator or _DELIMITERS),
            key=lambda found: len(HEADINGS.keys() & set(columns_of(found[2]))),
        )
        if not IDENTITIES & set(columns_of(self.headings)):
            self._find_by_phones(separator or _DELIMITERS)
        self.columns = columns_of(self.headings)
        while self.columns and not self.columns[-1]:
            self.columns.pop()

    def _named_headings(self, delimiter: str) -> tuple[int, list[str]]:
        """The row of the headings with a delimiter: the first that tells people apart."""
        rows = list(islice(read_rows(self.text, delimiter), 1 + MAX_TITLE_ROWS)) or [(1, [])]
        return next((row for row in rows if IDENTITIES & set(columns_of(row[1]))), rows[0])

    def _find_by_phones(self, delimiters: str) -> None:
        """No heading is known: the headings stand above the first row with a phone, if there are any."""
        samples = {delimiter: list(islice(read_rows(self.text, delimiter), _SAMPLE_ROWS)) for delimiter in delimiters}
        delimiter = max(delimiters, key=lambda delimiter: self._rank(samples[delimiter]))
        rows = samples[delimiter]
        first = next((place for place, (_number, cells) in enumerate(rows) if self._has_phone(cells)), None)
        if first is None:
            return
        above = rows[: min(first, 1 + MAX_TITLE_ROWS)]
        self.delimiter = delimiter
        self.heading_row, self.headings = max(reversed(above), key=lambda row: _filled(row[1]), default=(0, []))

    def _rank(self, rows: list[tuple[int, list[str]]]) -> tuple[int, int]:
        """How well a delimiter fits: rows with a phone, and cells of these."""
        with_phone = [cells for _number, cells in rows if self._has_phone(cells)]
        return len(with_phone), sum(map(len, with_phone))

    def _has_phone(self, cells: list[str]) -> bool:
        return any(map(self._is_phone, cells[:MAX_COLUMNS]))

    # --- What people are asked -------------------------------------------------------------------------------

    @cached_property
    def sample(self) -> list[list[str]]:
        """The first rows below the headings."""
        rows = read_rows(self.text, self.delimiter)
        return [cells for _number, cells in islice(_below(rows, self.heading_row), _SAMPLE_ROWS)]

    @cached_property
    def has_phones(self) -> bool:
        return any(map(self._has_phone, self.sample))

    @cached_property
    def width(self) -> int:
        """The number of columns with a heading or a value, as far as a file may have them."""
        last = (place for cells in (self.headings, *self.sample) for place, cell in enumerate(cells) if cell.strip())
        return min(max(last, default=-1) + 1, MAX_COLUMNS)

    def heading(self, place: int) -> str:
        return visible(self.headings[place]).strip() if place < len(self.headings) else ""

    def values(self, place: int) -> list[str]:
        """The values of a column in the sample."""
        cells = (cells[place].strip() for cells in self.sample if place < len(cells))
        return list(islice(filter(None, cells), _VALUES))

    def described(self) -> list[Column]:
        """All columns, with the best guess at each."""
        guesses = self._guesses()
        return [
            Column(letter(place), self.heading(place), tuple(self.values(place)[:_SHOWN_VALUES]), guesses[place])
            for place in range(self.width)
        ]

    def _guesses(self) -> list[str]:
        guesses = [*self.columns, *[""] * self.width][: self.width]
        for column, place in self._likely().items():
            if column in guesses:
                taken = guesses.index(column)
                guesses[taken] = attribute_column(self.heading(taken))
            guesses[place] = column
        for place, guess in enumerate(guesses):
            if guess in guesses[:place]:
                guesses[place] = ""
        return guesses

    def _likely(self) -> dict[str, int]:
        """Column → the place of one that seems to hold it, for those that no heading names."""
        likely = {column: places[0] for column in HEADINGS if (places := self._similar(column))}
        if "phone" in self.columns and not self._fits(self.columns.index("phone"), "phone"):
            rivals = [place for place in range(self.width) if self._is_rival(place, "phone")]
            likely |= {"phone": rivals[0]} if rivals else {}
        if "phone" not in self.columns and not IDENTITIES & set(self.columns):
            likely["phone"] = max(self._similar("phone") or range(self.width), key=self._count_phones, default=0)
        if not self.heading_row and (name := self._name_place(likely.get("phone"))) is not None:
            likely["name"] = name
        return likely

    def _similar(self, column: str) -> list[int]:
        """The places of columns with values whose headings may mean one that no heading names."""
        if column in self.columns:
            return []
        return [
            place
            for place in range(self.width)
            if _may_mean(self.heading(place), column) and self.values(place) and self._fits(place, column)
        ]

    def _fits(self, place: int, column: str) -> bool:
        return column != "phone" or self._count_phones(place) > 0

    def _count_phones(self, place: int) -> int:
        return sum(map(self._is_phone, self.values(place)))

    def _name_place(self, phone: int | None) -> int | None:
        """The first column of words."""
        places = (place for place in range(self.width) if place != phone and self.values(place))
        return next((place for place in places if not any(map(_DIGIT.search, self.values(place)))), None)

    # --- Whether they are asked ------------------------------------------------------------------------------

    def doubts(self, is_known_attribute: Callable[[str], bool]) -> list[str]:
        """Sentences on what is unclear about the columns: none where the headings say all."""
        if not IDENTITIES & set(self.columns):
            return [_("No column is headed “%(column)s”.") % {"column": heading("phone")}]
        return [*self._doubles(), *self._rivals(), *self._lookalikes(is_known_attribute)]

    def _doubles(self) -> Iterator[str]:
        for column, count in Counter(filter(None, self.columns)).items():
            if count > 1:
                yield _("There are two columns “%(column)s”.") % {"column": column_name(column)}

    def _rivals(self) -> Iterator[str]:
        """Headings of other programs, of which each may mean the phone, or the name."""
        for column in ("phone", "name"):
            taken = self.columns.index(column) if column in self.columns else None
            if taken is None or named(self.heading(taken)) == column:
                continue
            places = [place for place in range(self.width) if place == taken or self._is_rival(place, column)]
            if len(places) > 1:
                headings = ", ".join(f"“{self.heading(place)}”" for place in places)
                sentence = _("More than one column may be “%(column)s”: %(headings)s.")
                yield sentence % {"column": heading(column), "headings": headings}

    def _is_rival(self, place: int, column: str) -> bool:
        if not self.values(place) or (named(self.heading(place)) or column) != column:
            return False
        plain = trim(normalize(self.heading(place)))
        listed = plain in map(trim, OTHER_HEADINGS[column])
        return (listed or (column == "phone" and _may_mean(plain, column))) and self._fits(place, column)

    def _lookalikes(self, is_known_attribute: Callable[[str], bool]) -> Iterator[str]:
        for column in HEADINGS:
            for place in self._similar(column):
                if not is_known_attribute(self.heading(place)):
                    sentence = _("The column “%(heading)s” may be “%(column)s”.")
                    yield sentence % {"heading": self.heading(place), "column": heading(column)}


def _below(rows: Iterator[tuple[int, list[str]]], row: int) -> Iterator[tuple[int, list[str]]]:
    return (found for found in rows if found[0] > row)


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def is_phone(cell: str, country: str) -> bool:
    """Whether a cell holds one phone."""
    text = cell[:_LOOKED_AT]
    if not 7 <= len(_DIGIT.findall(text)) <= _LOOKED_AT // 2:
        return False
    try:
        return bool(normalize_phone(text, country))
    except ValidationError:
        return False


def rank_rows(rows: list[list[str]], country: str) -> int:
    """How much the first rows of a sheet look like customers: 2 with known headings, 1 with a phone, 0 otherwise."""
    if any(IDENTITIES & set(columns_of(cells)) for cells in rows):
        return 2
    return int(any(is_phone(cell, country) for cells in rows for cell in cells[:MAX_COLUMNS]))


def _may_mean(heading: str, column: str) -> bool:
    plain = trim(normalize(heading))
    if not plain or column not in _SIGNS or (column in _NOT and _NOT[column].search(plain)):
        return False
    return bool(_SIGNS[column].search(plain)) or any(_is_slip(plain, fold(own)) for own in HEADINGS[column])


def _is_slip(plain: str, own: str) -> bool:
    return len(plain) > 3 and plain[0] == own[0] and SequenceMatcher(None, plain, own).ratio() >= _LIKENESS


def letter(place: int) -> str:
    """How a spreadsheet names the column at a place: 0 is A."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
