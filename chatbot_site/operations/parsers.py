"""What the text of a variable means. Each function returns its value, and raises ValueError when it has none."""

import logging
import re
from collections.abc import Callable, Iterable
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ

TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql", "psql", "pgsql")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


def boolean(text: str) -> bool:
    if text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    raise ValueError


def count(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,4}", text):
        return int(text)
    raise ValueError


def one_of(choices: Iterable[str]) -> Callable[[str], str]:
    """A parser of texts that are among these."""
    return matching("|".join(map(re.escape, choices)))


def matching(pattern: str) -> Callable[[str], str]:
    """A parser of texts that match a regular expression as a whole."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return parse


def time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error
    return text


def log_level(text: str) -> str:
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError
    return text.upper()


def site_url(text: str) -> str:
    _check_url(text, ("http", "https"))
    return text.rstrip("/")


def graph_url(text: str) -> str:
    """A URL to which tokens may be sent: https, or a simulator on this machine."""
    scheme, host = _check_url(text, ("http", "https"))
    if scheme == "http" and host not in LOCAL_HOSTS:
        raise ValueError
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    if text:
        _check_url(text, PROXY_SCHEMES)
    return text


def redis_url(text: str) -> str:
    """A URL whose path is the number of a database, if there is a path."""
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


def database_url(text: str) -> dict[str, Any]:
    """Django's settings for a database."""
    if text.partition("://")[0] not in DATABASE_SCHEMES:
        raise ValueError
    config: dict[str, Any] = environ.Env.db_url_config(text)
    if not config.get("NAME"):
        raise ValueError
    # A socket's folder, in which libpq has / written as %2F.
    # https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    config["HOST"] = unquote(config.get("HOST", ""))
    return config


def email_url(text: str) -> dict[str, Any]:
    """Django's settings for e-mail."""
    config: dict[str, Any] = environ.Env.email_url_config(text)
    if text.startswith("smtp") and not config["EMAIL_HOST"]:
        raise ValueError
    return config


def address(text: str) -> str:
    """An e-mail address, with or without a name."""
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(text)[1]):
        raise ValueError
    return text
