"""Every page can be used by everybody: axe-core, which looks at a page in a browser, finds nothing serious."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from accounts.models import Role, User
from accounts.testing import make_colleague
from chatbot_site.demo import running, story
from chatbot_site.tests.pages.crawler import Crawler, route

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: How bad a finding is in axe-core's words, as far as it is no matter of taste.
BAD = ("serious", "critical")


@pytest.fixture
def owner(meta: Any) -> User:
    """The owner of the demo business, which has rows of every kind."""
    with running.running(0, "http://127.0.0.1:1"):
        pass
    return User.objects.get(email=story.OWNER["email"])


def operator_of(owner: User) -> User:
    """A colleague who reads what the owner reads."""
    operator = make_colleague(owner)
    operator.language = owner.language
    operator.save()
    return operator


def pages_of(person: User) -> Iterator[str]:
    """An address of each page that a person can open."""
    client = Client()
    client.force_login(person, backend="accounts.people.roles.RoleBackend")
    crawler = Crawler(client, "/admin/")
    assert list(crawler.dead_links()) == []
    plain = {route(address): address for address in sorted(crawler.seen, reverse=True) if not urlsplit(address).query}
    for address in plain.values():
        answer = client.get(address)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            yield address


def findings(page: Any, address: str) -> list[str]:
    """A line for each bad thing on a page."""
    # Style sheets are in the page already: axe-core would look for those they import beside the page.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{address}: {it['id']}: {it['nodes'][0]['html'][:160]} ({len(it['nodes'])})"
        for it in found
        if it["impact"] in BAD
    ]


@pytest.mark.parametrize(("role", "scheme"), [(Role.OWNER, "light"), (Role.OPERATOR, "dark")])
def test_nothing_on_any_page_shuts_anybody_out(
    owner: User, open_page: Callable[..., Any], live_server: Any, role: Role, scheme: str
) -> None:
    person = owner if role == Role.OWNER else operator_of(owner)
    page = open_page(person, "/admin/", color_scheme=scheme, bypass_csp=True)
    found: list[str] = []
    for address in pages_of(person):
        page.goto(live_server.url + address)
        found += findings(page, address)
    assert "\n".join(found) == ""


@pytest.mark.parametrize("address", ["/admin/login/", "/register/", "/admin/password_reset/", "/docs", "/nowhere/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_pages_before_signing_in_shuts_anybody_out(
    browser: Any, live_server: Any, address: str, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(live_server.url + address)
    assert findings(page, address) == []
    context.close()
