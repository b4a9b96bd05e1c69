"""Time zones as people know them: by a city and its difference from UTC. What is stored is the name of IANA."""

import zoneinfo
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

#: The zones that most businesses are in; of each, the city is translated (context "city").
COMMON = [
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Simferopol", "Europe/Volgograd", "Europe/Kirov",
    "Europe/Astrakhan", "Europe/Saratov", "Europe/Ulyanovsk", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk",
    "Asia/Novosibirsk", "Asia/Barnaul", "Asia/Tomsk", "Asia/Novokuznetsk", "Asia/Krasnoyarsk", "Asia/Irkutsk",
    "Asia/Chita", "Asia/Yakutsk", "Asia/Khandyga", "Asia/Vladivostok", "Asia/Ust-Nera", "Asia/Magadan",
    "Asia/Sakhalin", "Asia/Srednekolymsk", "Asia/Kamchatka", "Asia/Anadyr", "Asia/Almaty", "Asia/Qyzylorda",
    "Asia/Qostanay", "Asia/Aqtobe", "Asia/Aqtau", "Asia/Atyrau", "Asia/Oral", "Asia/Bishkek", "Asia/Tashkent",
    "Asia/Samarkand", "Asia/Dushanbe", "Asia/Ashgabat", "Asia/Yerevan", "Asia/Baku", "Asia/Tbilisi", "Europe/Minsk",
    "Europe/Kyiv", "Europe/Chisinau", "Europe/Istanbul", "Asia/Dubai", "Asia/Jerusalem", "Europe/Vienna",
    "Europe/Brussels", "Europe/Sofia", "Europe/Zagreb", "Asia/Nicosia", "Europe/Prague", "Europe/Copenhagen",
    "Europe/Tallinn", "Europe/Helsinki", "Europe/Paris", "Europe/Berlin", "Europe/Athens", "Europe/Budapest",
    "Europe/Dublin", "Europe/Rome", "Europe/Riga", "Europe/Vilnius", "Europe/Luxembourg", "Europe/Malta",
    "Europe/Amsterdam", "Europe/Warsaw", "Europe/Lisbon", "Europe/Bucharest", "Europe/Bratislava",
    "Europe/Ljubljana", "Europe/Madrid", "Europe/Stockholm", "Europe/London", "Europe/Belgrade", "Europe/Podgorica",
    "Europe/Oslo", "Europe/Zurich",
]  # fmt: skip

#: The parts of the world whose zones are named after cities. The others are old names and technical ones.
AREAS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
}  # fmt: skip

#: A choice of a form: its value and its text.
Choice = tuple[str, str]


def label(name: str) -> str:
    """A zone as people read it, for example "Moscow (UTC+3)"; a name that is none stays as it is."""
    try:
        offset = _offset(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return name
    return f"{_city(name)} ({_difference(offset)})"


def choices(chosen: str = "") -> list[tuple[str, list[Choice]]]:
    """All zones by their difference from UTC, those that most businesses are in first, and the chosen one for sure."""
    available = zoneinfo.available_timezones()
    common = [name for name in COMMON if name in available]
    others = {name for name in available if name.partition("/")[0] in AREAS} - set(common)
    if chosen in available and chosen not in common:
        others.add(chosen)
    return [(str(_("Often chosen")), _sorted(common)), (str(_("The others")), _sorted(others))]


def _sorted(names: Iterable[str]) -> list[Choice]:
    found = sorted((_offset(name), _city(name), name) for name in names)
    return [(name, f"{city} ({_difference(offset)})") for offset, city, name in found]


def _offset(name: str) -> timedelta:
    return datetime.now(zoneinfo.ZoneInfo(name)).utcoffset() or timedelta()


def _city(name: str) -> str:
    return pgettext("city", name.rpartition("/")[2].replace("_", " "))


def _difference(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def current() -> str:
    """The zone in which times are shown now, as people read it."""
    return label(timezone.get_current_timezone_name())
