"""
Reads the variables of the settings. One that cannot be used is noted and read as its default, so that the settings
can always be imported: the system check then says what is wrong, and nothing starts (`refuse_to_start`).
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

Value = TypeVar("Value")
Text = str | Promise

#: The tag of the system checks that look at nothing but the settings.
TAG = "configuration"
#: With this exit code of a worker gunicorn stops, where it would start the worker again after others.
EXIT_CODE = 3

TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql", "psql", "pgsql")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Problem:
    """A variable that cannot be used: what to write, and what stands there unless it may hold a password."""

    variable: str
    hint: Text
    value: str = ""


class Environment:
    """
    The environment and `.env`, by kinds of variables. What cannot be used is read as its default, and `problems` holds
    a Problem of it. Relative paths are beside manage.py.
    """

    def __init__(self, base_dir: Path) -> None:
        self.base_dir = base_dir
        self.problems: list[Problem] = []
        self._environ = environ.Env()

    def read_file(self, path: Path) -> None:
        """Take in what a dotenv file sets; the environment goes before it. There need not be one."""
        try:
            path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except UnicodeDecodeError:
            self.problems.append(Problem(path.name, _("Save it in your editor with the encoding UTF-8.")))
        except OSError:
            self.problems.append(Problem(path.name, _("Make it readable for the user that runs this program.")))
        else:
            self._environ.read_env(path)

    def text(self, name: str, default: str = "") -> str:
        return self._written(name, default) or default

    def _written(self, name: str, default: str) -> str:
        """What stands there, also when that is nothing."""
        written = self._environ.ENVIRON.get(name, "")
        try:
            if not written.startswith("$") or written.strip("$ ") in self._environ.ENVIRON:
                value: str = self._environ.str(name, default=default)
                return value
        except RecursionError:
            # It names itself.
            pass
        hint = _("What begins with $ names another variable, and that one is not set. Begin with another letter.")
        self.problems.append(Problem(name, hint))
        return default

    def items(self, name: str) -> list[str]:
        """What commas separate."""
        parts = (part.strip() for part in self.text(name).split(","))
        return [part for part in parts if part]

    def boolean(self, name: str, default: bool) -> bool:
        return self._read(name, str(default), _parse_bool, _("Write true or false."))

    def count(self, name: str, default: int) -> int:
        return self._read(name, str(default), _parse_count, _("Write a whole number, such as 0 or 1."))

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        hint = format_lazy(_("Write one of these: {choices}."), choices=", ".join(choices))
        return self._read(name, default, _one_of(choices), hint)

    def matching(self, name: str, pattern: str, example: str, default: str) -> str:
        """A text of a form."""
        hint = format_lazy(_("Write it like this: {example}"), example=example)
        return self._read(name, default, _matching(pattern), hint)

    def rate(self, name: str, default: str) -> str:
        """How many in which time; empty for any number."""
        hint = _("Write it like 20/hour (second, minute, hour or day), or leave it empty for none.")
        return self._read(name, default, _matching(r"(\d+/(second|minute|hour|day))?"), hint)

    def time_zone(self, name: str, default: str) -> str:
        return self._read(name, default, _parse_time_zone, _("Write it like Europe/Moscow or Asia/Almaty."))

    def log_level(self, name: str, default: str) -> str:
        hint = format_lazy(_("Write one of these: {choices}."), choices="DEBUG, INFO, WARNING, ERROR")
        return self._read(name, default, _parse_log_level, hint)

    def hosts(self, name: str) -> list[str]:
        """Host names, without scheme, port or path."""
        hosts = self.items(name)
        if all(re.fullmatch(r"\*|\.?[\w.-]+|\[[0-9a-fA-F:.]+\]", host) for host in hosts):
            return hosts
        hint = _("Write host names alone, separated by commas, such as chat.example.com.")
        self.problems.append(Problem(name, hint, ",".join(hosts)))
        return []

    def site_url(self, name: str, default: str) -> str:
        hint = _("Write it like https://chat.example.com")
        return self._read(name, default, _parse_site_url, hint)

    def graph_url(self, name: str, default: str) -> str:
        hint = _(
            "It must be https, or tokens would travel in clear. Leave it out for Meta's own, or use"
            " http://127.0.0.1:… for a simulator."
        )
        return self._read(name, default, _parse_graph_url, hint)

    def proxy_url(self, name: str) -> str:
        hint = _("Write it like http://host:port, https://host:port or socks5h://host:port.")
        return self._read(name, "", _parse_proxy_url, hint, is_secret=True)

    def redis_url(self, name: str) -> str:
        hint = _("Write it like redis://host:6379/0, or leave it empty.")
        return self._read(name, "", _parse_redis_url, hint, is_secret=True)

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings for a database URL; those of no database at all for one that cannot be used."""
        hint = _(
            "Write it like sqlite:///chatbot.db or postgres://user:password@host/name. In a password, letters such as"
            " @ : / # are written %40 %3A %2F %23."
        )
        unusable: dict[str, Any] = {"ENGINE": "django.db.backends.dummy"}
        return self._read(name, default, _parse_database_url, hint, is_secret=True, instead=unusable)

    def email(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings for an EMAIL_URL."""
        hint = _("Write it like smtp+tls://user:password@smtp.example.com:587")
        return self._read(name, default, _parse_email_url, hint, is_secret=True)

    def address(self, name: str) -> str:
        """A sender's address, with or without a name."""
        hint = _("Write it like info@example.com or Shop <info@example.com>.")
        return self._read(name, "", _parse_address, hint)

    def folder(self, name: str, default: str) -> Path:
        hint = _("There is a file of this name. Name a folder, which need not exist yet.")
        return self._read(name, default, self._parse_folder, hint)

    def _parse_folder(self, text: str) -> Path:
        path = self.base_dir / text
        if not text or (path.exists() and not path.is_dir()):
            raise ValueError
        return path

    def _read(
        self,
        name: str,
        default: str,
        parse: Callable[[str], Value],
        hint: Text,
        *,
        is_secret: bool = False,
        instead: Value | None = None,
    ) -> Value:
        text = self._written(name, default).strip()
        try:
            return parse(text)
        except (ValueError, ImproperlyConfigured):
            if not text:
                return parse(default)
            self.problems.append(Problem(name, hint, "" if is_secret else text))
            return parse(default) if instead is None else instead


def refuse_to_start() -> None:
    """
    End a process of web or worker whose settings are wrong, with the sentences that `manage.py check` says. Commands
    of manage.py need no call: they run all checks.
    """
    from django.core.checks import run_checks

    errors = [message for message in run_checks(tags=[TAG]) if message.is_serious()]
    if errors:
        print(*errors, sep="\n", file=sys.stderr, flush=True)
        sys.exit(EXIT_CODE)


# --- What a text means; each raises ValueError ---------------------------------------------------------------


def _parse_bool(text: str) -> bool:
    if text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    raise ValueError


def _parse_count(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,4}", text):
        return int(text)
    raise ValueError


def _one_of(choices: Iterable[str]) -> Callable[[str], str]:
    return _matching("|".join(map(re.escape, choices)))


def _matching(pattern: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return parse


def _parse_time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error
    return text


def _parse_log_level(text: str) -> str:
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError
    return text.upper()


def _parse_site_url(text: str) -> str:
    _check_url(text, ("http", "https"))
    return text.rstrip("/")


def _parse_graph_url(text: str) -> str:
    scheme, host = _check_url(text, ("http", "https"))
    if scheme == "http" and host not in LOCAL_HOSTS:
        raise ValueError
    return text.rstrip("/")


def _parse_proxy_url(text: str) -> str:
    if text:
        _check_url(text, PROXY_SCHEMES)
    return text


def _parse_redis_url(text: str) -> str:
    if text:
        _check_url(text, ("redis", "rediss"))
        if not re.fullmatch(r"/?\d*/?", urlsplit(text).path):
            raise ValueError
    return text


def _check_url(text: str, schemes: Iterable[str]) -> tuple[str, str]:
    """The scheme and host of a URL that has one of these schemes, a host, and a possible port."""
    url = urlsplit(text)
    # Reading the port raises ValueError for one that is none.
    if url.scheme not in schemes or not url.hostname or url.port == 0 or re.search(r"\s", text):
        raise ValueError
    return url.scheme, url.hostname


def _parse_database_url(text: str) -> dict[str, Any]:
    if text.partition("://")[0] not in DATABASE_SCHEMES:
        raise ValueError
    config: dict[str, Any] = environ.Env.db_url_config(text)
    if not config.get("NAME"):
        raise ValueError
    return config


def _parse_email_url(text: str) -> dict[str, Any]:
    config: dict[str, Any] = environ.Env.email_url_config(text)
    if text.startswith("smtp") and not config["EMAIL_HOST"]:
        raise ValueError
    return config


def _parse_address(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(text)[1]):
        raise ValueError
    return text
