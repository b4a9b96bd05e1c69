"""Follows every link and every form that is sent by GET, from page to page, as a person with a browser could."""

from collections import Counter, deque
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urlencode, urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

#: Addresses of one shape (URL pattern and names in the query) that are tried: the others are built alike. So are a
#: list's links to itself, which a filtered or sorted list repeats: only those of the plain one are followed.
MAX_OF_A_SHAPE = 2


class LinkReader(HTMLParser):
    """Collects the addresses to which a page leads: `links`."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.links: list[str] = []
        self.form: dict[str, Any] | None = None
        self.select: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "a" and given.get("href"):
            self._add(given["href"])
        elif tag == "form" and given.get("method", "get").lower() == "get":
            self.form = {"action": given.get("action") or urlsplit(self.address).path, "values": [], "lacks": False}
        elif tag == "select":
            self.select = {"name": given.get("name"), "chosen": None, "required": "required" in given}
        elif tag == "option" and self.select is not None:
            if "selected" in given or self.select["chosen"] is None:
                self.select["chosen"] = given.get("value", "")
        elif tag == "input" and given.get("name") and self._is_sent(given):
            self._fill(given["name"], given.get("value", ""), "required" in given)

    def _is_sent(self, given: dict[str, str]) -> bool:
        kind = given.get("type", "text")
        return "checked" in given if kind in ("checkbox", "radio") else kind not in ("submit", "button", "image")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select is not None:
            if self.select["name"] and self.select["chosen"] is not None:
                self._fill(self.select["name"], self.select["chosen"], self.select["required"])
            self.select = None
        elif tag == "form" and self.form is not None:
            if not self.form["lacks"]:
                self._add(f"{urlsplit(self.form['action']).path}?{urlencode(self.form['values'])}")
            self.form = None

    def _fill(self, name: str, value: str, is_required: bool) -> None:
        if self.form is not None:
            self.form["values"].append((name, value))
            # A browser does not send such a form.
            self.form["lacks"] |= is_required and not value

    def _add(self, target: str) -> None:
        self.links.append(urldefrag(urljoin(self.address, target)).url)


class Crawler:
    """`client` is signed in; only addresses below `prefixes` are followed."""

    def __init__(self, client: Client, *prefixes: str) -> None:
        self.client, self.prefixes = client, prefixes
        self.waiting: deque[tuple[str, str]] = deque((prefix, "the start") for prefix in prefixes)
        self.seen: set[str] = set(prefixes)
        self.of_shape: Counter[tuple[str, ...]] = Counter()

    def dead_links(self) -> Iterator[str]:
        """A sentence for each address that does not answer as its page promised."""
        while self.waiting:
            address, page = self.waiting.popleft()
            answer = self.client.get(address, headers={"accept": "text/html,*/*;q=0.8"})
            if answer.status_code >= 400:
                yield f"{address} (from {page}) answers {answer.status_code}"
            for target in self._targets(address, answer):
                if dict(parse_qsl(urlsplit(target).query)).get("e") == "1" or "/login/" in target:
                    yield f"{address} (from {page}) leads to {target}"
                self._queue(target, address)

    def _targets(self, address: str, answer: Any) -> list[str]:
        if answer.status_code in (301, 302, 303, 307, 308):
            return [urljoin(address, answer["Location"])]
        if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
            return []
        reader = LinkReader(address)
        reader.feed(answer.content.decode())
        return reader.links

    def _queue(self, target: str, page: str) -> None:
        parts = urlsplit(target)
        address = parts._replace(scheme="", netloc="").geturl()
        if parts.netloc not in ("", "testserver") or not address.startswith(self.prefixes) or address in self.seen:
            return
        if urlsplit(page).query and route(urlsplit(page).path) == route(parts.path):
            return
        shape = (
            route(parts.path),
            *sorted({name for name, _value in parse_qsl(parts.query, keep_blank_values=True)}),
        )
        if self.of_shape[shape] < MAX_OF_A_SHAPE:
            self.of_shape[shape] += 1
            self.seen.add(address)
            self.waiting.append((address, page))


def route(path: str) -> str:
    """The URL pattern of a path: what pages of one kind have in common."""
    try:
        return resolve(path).route
    except Resolver404:
        return path
