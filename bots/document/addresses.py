"""The addresses that a scenario may call: how they are written, and which machines they may lead to. Pure."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

PORTS = {"http": 80, "https": 443}
ALLOWED_PORTS = (80, 443, 8443)

#: Longer than any name; DNS ends at 253.
MAX_NAME = 300

#: A name with a dot whose end is no number. Numbers, however they are written, name machines directly.
HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")

#: What Python takes for public and is not: cloud platforms' own machines, and IPv4 in the clothes of IPv6.
FORBIDDEN_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10",
            "168.63.129.16/32",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "::/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2001:20::/28",
            "2002::/16",
            "3fff::/20",
            "5f00::/16",
            "fd00:ec2::254/128",
            "fec0::/10",
        ),
    )
)


class BadAddress(ValueError):
    """An address that is never called; its text is a sentence for people."""


@dataclass(frozen=True)
class Address:
    scheme: str
    host: str
    port: int


def read_address(url: str) -> Address:
    """Where an address leads. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        scheme, port = parts.scheme, parts.port
    except ValueError as error:
        raise BadAddress(_("This is not a web address. Write it like https://example.com/orders.")) from error
    if UNPRINTABLE.search(url) or scheme not in PORTS:
        raise BadAddress(_("This is not a web address. Write it like https://example.com/orders."))
    if parts.username is not None or parts.password is not None:
        raise BadAddress(_("A password in the address would be seen by many. Keep it with the allowed host instead."))
    if {".", ".."} & set(parts.path.split("/")):
        raise BadAddress(_("The address holds “..”, which would lead elsewhere. Write it without."))
    port = port or PORTS[scheme]
    if port not in ALLOWED_PORTS:
        raise BadAddress(_("Only the ports 80, 443 and 8443 are called."))
    return Address(scheme, read_host(parts.hostname or ""), port)


def read_host(name: str) -> str:
    """The name of a host in one form: without case, other alphabets as DNS has them. Raises BadAddress."""
    try:
        host = name.strip()[:MAX_NAME].rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        host = ""
    if not HOST.fullmatch(host):
        raise BadAddress(
            _("Write the name of the host, like api.example.com. IP addresses and localhost are not allowed.")
        )
    return host


def is_public(address: str) -> bool:
    """Whether an IP address, as text, is a machine on the internet: not ours, not our network's, not a platform's."""
    ip = ipaddress.ip_address(address)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    in_forbidden = any(ip in network for network in FORBIDDEN_NETWORKS)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not in_forbidden
