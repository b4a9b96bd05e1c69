"""Time zones as people know them: by a city and its difference from UTC. What is stored is the name of IANA."""

import zoneinfo
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

#: The zones that most businesses are in, by their cities.
COMMON = {
    "Europe/Kaliningrad": pgettext_lazy("city", "Kaliningrad"),
    "Europe/Moscow": pgettext_lazy("city", "Moscow"),
    "Europe/Simferopol": pgettext_lazy("city", "Simferopol"),
    "Europe/Volgograd": pgettext_lazy("city", "Volgograd"),
    "Europe/Kirov": pgettext_lazy("city", "Kirov"),
    "Europe/Astrakhan": pgettext_lazy("city", "Astrakhan"),
    "Europe/Saratov": pgettext_lazy("city", "Saratov"),
    "Europe/Ulyanovsk": pgettext_lazy("city", "Ulyanovsk"),
    "Europe/Samara": pgettext_lazy("city", "Samara"),
    "Asia/Yekaterinburg": pgettext_lazy("city", "Yekaterinburg"),
    "Asia/Omsk": pgettext_lazy("city", "Omsk"),
    "Asia/Novosibirsk": pgettext_lazy("city", "Novosibirsk"),
    "Asia/Barnaul": pgettext_lazy("city", "Barnaul"),
    "Asia/Tomsk": pgettext_lazy("city", "Tomsk"),
    "Asia/Novokuznetsk": pgettext_lazy("city", "Novokuznetsk"),
    "Asia/Krasnoyarsk": pgettext_lazy("city", "Krasnoyarsk"),
    "Asia/Irkutsk": pgettext_lazy("city", "Irkutsk"),
    "Asia/Chita": pgettext_lazy("city", "Chita"),
    "Asia/Yakutsk": pgettext_lazy("city", "Yakutsk"),
    "Asia/Khandyga": pgettext_lazy("city", "Khandyga"),
    "Asia/Vladivostok": pgettext_lazy("city", "Vladivostok"),
    "Asia/Ust-Nera": pgettext_lazy("city", "Ust-Nera"),
    "Asia/Magadan": pgettext_lazy("city", "Magadan"),
    "Asia/Sakhalin": pgettext_lazy("city", "Sakhalin"),
    "Asia/Srednekolymsk": pgettext_lazy("city", "Srednekolymsk"),
    "Asia/Kamchatka": pgettext_lazy("city", "Kamchatka"),
    "Asia/Anadyr": pgettext_lazy("city", "Anadyr"),
    "Asia/Almaty": pgettext_lazy("city", "Almaty"),
    "Asia/Qyzylorda": pgettext_lazy("city", "Qyzylorda"),
    "Asia/Qostanay": pgettext_lazy("city", "Qostanay"),
    "Asia/Aqtobe": pgettext_lazy("city", "Aqtobe"),
    "Asia/Aqtau": pgettext_lazy("city", "Aqtau"),
    "Asia/Atyrau": pgettext_lazy("city", "Atyrau"),
    "Asia/Oral": pgettext_lazy("city", "Oral"),
    "Asia/Bishkek": pgettext_lazy("city", "Bishkek"),
    "Asia/Tashkent": pgettext_lazy("city", "Tashkent"),
    "Asia/Samarkand": pgettext_lazy("city", "Samarkand"),
    "Asia/Dushanbe": pgettext_lazy("city", "Dushanbe"),
    "Asia/Ashgabat": pgettext_lazy("city", "Ashgabat"),
    "Asia/Yerevan": pgettext_lazy("city", "Yerevan"),
    "Asia/Baku": pgettext_lazy("city", "Baku"),
    "Asia/Tbilisi": pgettext_lazy("city", "Tbilisi"),
    "Europe/Minsk": pgettext_lazy("city", "Minsk"),
    "Europe/Kyiv": pgettext_lazy("city", "Kyiv"),
    "Europe/Chisinau": pgettext_lazy("city", "Chisinau"),
    "Europe/Istanbul": pgettext_lazy("city", "Istanbul"),
    "Asia/Dubai": pgettext_lazy("city", "Dubai"),
    "Asia/Jerusalem": pgettext_lazy("city", "Jerusalem"),
    "Europe/Vienna": pgettext_lazy("city", "Vienna"),
    "Europe/Brussels": pgettext_lazy("city", "Brussels"),
    "Europe/Sofia": pgettext_lazy("city", "Sofia"),
    "Europe/Zagreb": pgettext_lazy("city", "Zagreb"),
    "Asia/Nicosia": pgettext_lazy("city", "Nicosia"),
    "Europe/Prague": pgettext_lazy("city", "Prague"),
    "Europe/Copenhagen": pgettext_lazy("city", "Copenhagen"),
    "Europe/Tallinn": pgettext_lazy("city", "Tallinn"),
    "Europe/Helsinki": pgettext_lazy("city", "Helsinki"),
    "Europe/Paris": pgettext_lazy("city", "Paris"),
    "Europe/Berlin": pgettext_lazy("city", "Berlin"),
    "Europe/Athens": pgettext_lazy("city", "Athens"),
    "Europe/Budapest": pgettext_lazy("city", "Budapest"),
    "Europe/Dublin": pgettext_lazy("city", "Dublin"),
    "Europe/Rome": pgettext_lazy("city", "Rome"),
    "Europe/Riga": pgettext_lazy("city", "Riga"),
    "Europe/Vilnius": pgettext_lazy("city", "Vilnius"),
    "Europe/Luxembourg": pgettext_lazy("city", "Luxembourg"),
    "Europe/Malta": pgettext_lazy("city", "Malta"),
    "Europe/Amsterdam": pgettext_lazy("city", "Amsterdam"),
    "Europe/Warsaw": pgettext_lazy("city", "Warsaw"),
    "Europe/Lisbon": pgettext_lazy("city", "Lisbon"),
    "Europe/Bucharest": pgettext_lazy("city", "Bucharest"),
    "Europe/Bratislava": pgettext_lazy("city", "Bratislava"),
    "Europe/Ljubljana": pgettext_lazy("city", "Ljubljana"),
    "Europe/Madrid": pgettext_lazy("city", "Madrid"),
    "Europe/Stockholm": pgettext_lazy("city", "Stockholm"),
    "Europe/London": pgettext_lazy("city", "London"),
    "Europe/Belgrade": pgettext_lazy("city", "Belgrade"),
    "Europe/Podgorica": pgettext_lazy("city", "Podgorica"),
    "Europe/Oslo": pgettext_lazy("city", "Oslo"),
    "Europe/Zurich": pgettext_lazy("city", "Zurich"),
}

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
    return str(COMMON.get(name) or name.rpartition("/")[2].replace("_", " "))


def _difference(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def current() -> str:
    """The zone in which times are shown now, as people read it."""
    return label(timezone.get_current_timezone_name())
