"""
Reads the variables of the settings. One that cannot be used is noted and read as its default, so that the settings
can always be imported: the system checks then say what is wrong, and nothing starts (`startup.py`).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from . import parsers

Value = TypeVar("Value")
Text = str | Promise


@dataclass(frozen=True)
class Problem:
    """A variable that cannot be used, with a sentence on what to write, and its value unless that may be secret."""

    variable: str
    hint: Text
    value: str = ""


class Environment:
    """
    The environment and `.env`, with a method for each kind of variable. One that cannot be used is read as its
    default, and `problems` says so. Relative paths are beside manage.py.
    """

    def __init__(self, base_dir: Path) -> None:
        self.base_dir = base_dir
        self.problems: list[Problem] = []
        self._environ = environ.Env()

    def read_file(self, path: Path) -> None:
        """Add what a dotenv file sets and the environment does not. There need not be a file."""
        try:
            path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except UnicodeDecodeError:
            self.problems.append(Problem(path.name, _("Save it in your editor with the encoding UTF-8.")))
        except OSError:
            self.problems.append(Problem(path.name, _("Make it readable by the user that runs this program.")))
        else:
            self._environ.read_env(path)

    def text(self, name: str, default: str = "") -> str:
        return self._written(name, default) or default

    def _written(self, name: str, default: str) -> str:
        """The text of a variable, which may be empty."""
        raw = self._environ.ENVIRON.get(name, "")
        try:
            if not raw.startswith("$") or raw.strip("$ ") in self._environ.ENVIRON:
                value: str = self._environ.str(name, default=default)
                return value
        except RecursionError:
            # It names itself.
            pass
        hint = _("What begins with $ names another variable, and that one is not set. Begin with another character.")
        self.problems.append(Problem(name, hint))
        return default

    def items(self, name: str) -> list[str]:
        """The parts of a list with commas."""
        parts = (part.strip() for part in self.text(name).split(","))
        return [part for part in parts if part]

    def boolean(self, name: str, default: bool) -> bool:
        return self._read(name, str(default), parsers.boolean, _("Write true or false."))

    def count(self, name: str, default: int) -> int:
        return self._read(name, str(default), parsers.count, _("Write a whole number, such as 0 or 1."))

    def choice(self, name: str, choices: Iterable[str], default: str) -> str:
        hint = format_lazy(_("Write one of these: {choices}."), choices=", ".join(choices))
        return self._read(name, default, parsers.one_of(choices), hint)

    def matching(self, name: str, pattern: str, example: str, default: str) -> str:
        """A text that matches a regular expression as a whole."""
        hint = format_lazy(_("Write it like this: {example}"), example=example)
        return self._read(name, default, parsers.matching(pattern), hint)

    def rate(self, name: str, default: str) -> str:
        """A number per time, such as 20/hour; empty for any number."""
        hint = _("Write it like 20/hour (second, minute, hour or day), or leave it empty for none.")
        return self._read(name, default, parsers.matching(r"(\d+/(second|minute|hour|day))?"), hint)

    def time_zone(self, name: str, default: str) -> str:
        return self._read(name, default, parsers.time_zone, _("Write it like Europe/Moscow or Asia/Almaty."))

    def log_level(self, name: str, default: str) -> str:
        hint = format_lazy(_("Write one of these: {choices}."), choices="DEBUG, INFO, WARNING, ERROR")
        return self._read(name, default, parsers.log_level, hint)

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
        return self._read(name, default, parsers.site_url, hint)

    def graph_url(self, name: str, default: str) -> str:
        hint = _(
            "It must be https, or tokens would travel in the clear. Leave it out for Meta's own, or use"
            " http://127.0.0.1:… for a simulator."
        )
        return self._read(name, default, parsers.graph_url, hint)

    def proxy_url(self, name: str) -> str:
        hint = _("Write it like http://host:port, https://host:port or socks5h://host:port.")
        return self._read(name, "", parsers.proxy_url, hint, is_secret=True)

    def redis_url(self, name: str) -> str:
        hint = _("Write it like redis://host:6379/0, or leave it empty.")
        return self._read(name, "", parsers.redis_url, hint, is_secret=True)

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings for a database URL; those of no database at all for one that cannot be used."""
        hint = _(
            "Write it like sqlite:///chatbot.db or postgres://user:password@host/name. In a password, and in the"
            " path of a socket as host, characters such as @ : / # are written %40 %3A %2F %23."
        )
        unusable: dict[str, Any] = {"ENGINE": "django.db.backends.dummy"}
        return self._read(name, default, parsers.database_url, hint, is_secret=True, instead=unusable)

    def email(self, name: str, default: str) -> dict[str, Any]:
        """Django's settings for an EMAIL_URL."""
        hint = _("Write it like smtp+tls://user:password@smtp.example.com:587")
        return self._read(name, default, parsers.email_url, hint, is_secret=True)

    def address(self, name: str) -> str:
        """A sender's address, with or without a name."""
        hint = _("Write it like info@example.com or Shop <info@example.com>.")
        return self._read(name, "", parsers.address, hint)

    def folder(self, name: str, default: str) -> Path:
        hint = _("There is a file of this name. Name a folder, which need not exist yet.")
        return self._read(name, default, self._folder, hint)

    def _folder(self, text: str) -> Path:
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
