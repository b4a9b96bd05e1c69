"""Days as people write them."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from crm.normalization import normalize

#: The days that have names, by how far they are from today.
_NAMED_DAYS = {
    "сегодня": 0,
    "завтра": 1,
    "послезавтра": 2,
    "today": 0,
    "tomorrow": 1,
}

#: How the months begin, in either language.
_MONTHS = {
    beginning: month
    for month, beginnings in enumerate(
        (
            ("янв", "jan"),
            ("фев", "feb"),
            ("мар", "mar"),
            ("апр", "apr"),
            ("май", "мая", "may"),
            ("июн", "jun"),
            ("июл", "jul"),
            ("авг", "aug"),
            ("сен", "sep"),
            ("окт", "oct"),
            ("ноя", "nov"),
            ("дек", "dec"),
        ),
        1,
    )
    for beginning in beginnings
}
_RUSSIAN_MONTH = (
    r"янв(?:ар[ья])?|фев(?:рал[ья])?|мар(?:та?)?|апр(?:ел[ья])?|ма[йя]|июн[ья]?|июл[ья]?|авг(?:уста?)?"
    r"|сент?(?:ябр[ья])?|окт(?:ябр[ья])?|ноя(?:бр[ья])?|дек(?:абр[ья])?"
)
_ENGLISH_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_DAY = r"(?<![\w.,/-])(?P<day>\d{1,2})"
_NUMBER_OF_MONTH = r"(?P<month>\d{1,2})"
_YEAR = r"(?P<year>\d{4}|\d{2})"
#: Behind the name of a month two digits alone may be people or hours. At the end they are a year if no hour is so
#: called; of those that may be either it is unknown what is meant.
_YEAR_BEHIND_NAME = (
    r"(?:,? (?P<year>\d{4}|\d{2}(?= ?г)|(?:0\d|2[5-9]|[3-9]\d)(?=\W*$)))?(?!\w|[:.]\d)(?!,? (?:1\d|2[0-4])\W*$)"
)
_END = r"(?![\w/]|[.,-]\d)"
#: Not one day of several of a month that is named first.
_OTHER_DAY = r"(?! ?(?:to|till|until|and|or|[-–—/&]) ?\d{1,2}(?!\d))"

#: The formats of a day. Where one needs the year, two numbers alone are something else: a time, a size.
_FORMATS = (
    re.compile(rf"(?<![\w.,/-])(?P<year>\d{{4}})-{_NUMBER_OF_MONTH}-(?P<day>\d{{1,2}}){_END}"),
    re.compile(rf"{_DAY}(?P<mark>[./]){_NUMBER_OF_MONTH}(?:(?P=mark){_YEAR})?{_END}"),
    re.compile(rf"{_DAY}(?P<mark>[ -]){_NUMBER_OF_MONTH}(?P=mark)(?P<year>\d{{4}}){_END}"),
    re.compile(rf"{_DAY}(?:-?го)? (?P<month>{_RUSSIAN_MONTH})\b\.?{_YEAR_BEHIND_NAME}"),
    re.compile(rf"{_DAY}(?:st|nd|rd|th)? (?:of )?(?P<month>{_ENGLISH_MONTH})\b\.?{_YEAR_BEHIND_NAME}"),
    re.compile(
        rf"(?<!\w)(?P<month>{_ENGLISH_MONTH})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_OTHER_DAY}{_YEAR_BEHIND_NAME}"
    ),
)

#: What stands before a day that is refused, in one clause with it, and before one that is the second of two.
_REFUSED = re.compile(r"\b(?:не|кроме|not|except|don'?t)\b[^.,;!?]*$")
_SECOND = re.compile(r"(?<![\d.:/])\d{1,2}(?:-?го)? ?(?:по|до|и|или|либо|to|till|until|and|or|[-–—/&,]) ?$")

#: A year of two digits is of this century, unless that is so many years ahead: then somebody was born in it.
_MAX_YEARS_AHEAD = 10


def dates_in(text: str, today: date) -> Iterator[date]:
    """
    The days that a text names, seen from `today`: those of no year are the next ones. None where it refuses one (“not
    tomorrow”) or names only the number of another (“from 25 to 27 December”), so that it is unknown which is meant.
    """
    said = normalize(text)
    found = [*_named_days(said, today), *_written_days(said, today)]
    if not any(_REFUSED.search(said[:start]) or _SECOND.search(said[:start]) for start, _day in found):
        yield from (day for _start, day in found)


def _named_days(said: str, today: date) -> Iterator[tuple[int, date]]:
    """Where the days that have names stand, and which they are."""
    for word in re.finditer(r"\w+", said):
        if word[0] in _NAMED_DAYS:
            yield word.start(), today + timedelta(days=_NAMED_DAYS[word[0]])


def _written_days(said: str, today: date) -> Iterator[tuple[int, date]]:
    for pattern in _FORMATS:
        for found in pattern.finditer(said):
            if day := _day(found, today):
                yield found.start(), day


def _day(found: re.Match[str], today: date) -> date | None:
    """None for a day that no calendar has."""
    month = int(found["month"]) if found["month"].isdecimal() else _MONTHS[found["month"][:3]]
    if not found["year"]:
        return _next(int(found["day"]), month, today)
    try:
        return date(_full_year(found["year"], today), month, int(found["day"]))
    except ValueError:
        return None


def _full_year(year: str, today: date) -> int:
    if len(year) == 4:
        return int(year)
    this_century = today.year // 100 * 100 + int(year)
    return this_century if this_century <= today.year + _MAX_YEARS_AHEAD else this_century - 100


def _next(day_of_month: int, month: int, today: date) -> date | None:
    """The next such day of a year; the 29th of February may be eight years ahead."""
    for year in range(today.year, today.year + 9):
        try:
            day = date(year, month, day_of_month)
        except ValueError:
            continue
        if day >= today:
            return day
    return None
