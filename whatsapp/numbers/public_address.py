"""Whether Meta can post webhooks to this installation."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

#: Names that no resolver of the internet knows (RFC 6761, 6762; ICANN's "internal").
PRIVATE_DOMAINS = ("localhost", "local", "internal", "test", "invalid", "lan", "home.arpa")


def is_public() -> bool:
    """
    Whether the address of PUBLIC_URL is https and may be on the internet, as far as can be known without asking
    anybody (Webhooks, "Endpoint requirements"). The simulator in Meta's place posts to any address of this computer.
    """
    graph, site = urlsplit(settings.META_GRAPH_URL), urlsplit(settings.PUBLIC_URL)
    if graph.scheme != "https":
        return True
    return site.scheme == "https" and _may_be_public(site.hostname or "")


def _may_be_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        name = host.rstrip(".").lower()
        return "." in name and not any(name == domain or name.endswith(f".{domain}") for domain in PRIVATE_DOMAINS)
