"""Whether the installation answers where people and Meta reach it."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from chatbot_site.operations.parsers import LOCAL_HOSTS

from .findings import Finding, broken, ok, warning

#: How long the site may take to answer (seconds).
TIMEOUT = 5


def answers() -> Finding:
    url = settings.PUBLIC_URL
    try:
        with urllib.request.urlopen(f"{url}/livez", timeout=TIMEOUT) as response:
            is_ours = response.read(100) == b"ok"
    except (OSError, ValueError) as error:
        return broken(
            _("Nothing answers at %(url)s: %(problem)s") % {"url": url, "problem": _reason(error)},
            _("Check PUBLIC_URL, the web process, the proxy in front of it and its certificate."),
        )
    if not is_ours:
        return broken(
            _("Something else answers at %(url)s.") % {"url": url},
            _("Check PUBLIC_URL, and where the proxy in front passes requests on to."),
        )
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname in LOCAL_HOSTS:
        return warning(
            _("The site answers at %(url)s, which Meta does not post to.") % {"url": url},
            _("For real numbers give the site a public https address, and write that into PUBLIC_URL."),
        )
    return ok(_("The site answers at %(url)s.") % {"url": url})


def readiness() -> dict[str, Any]:
    """The answer of /readyz at PUBLIC_URL, ready or not; empty when there is none."""
    try:
        with urllib.request.urlopen(f"{settings.PUBLIC_URL}/readyz", timeout=TIMEOUT) as response:
            facts = json.load(response)
    except urllib.error.HTTPError as error:
        facts = _json(error.read())
    except (OSError, ValueError):
        facts = None
    return facts if isinstance(facts, dict) else {}


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _reason(error: Exception) -> object:
    return error.reason if isinstance(error, urllib.error.URLError) else error
