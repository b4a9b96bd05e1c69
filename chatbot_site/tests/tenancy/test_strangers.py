"""
No business sees, counts, attaches or changes another's rows: every admin class and every address of the API is walked
by a stranger. What is walked is read from the registry and the URL patterns, so nothing can be forgotten.
"""

import pytest
from django.test import Client

from chatbot_site.tests.tenancy.admin_walk import AdminWalk
from chatbot_site.tests.tenancy.api_walk import ApiWalk, api_routes, other_addresses
from chatbot_site.tests.tenancy.tenancy_rules import ADMINISTRATORS_ONLY, registered_admins
from chatbot_site.tests.tenancy.world import MARKER, World, snapshot

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def label(thing):
    return thing.model._meta.label if hasattr(thing, "model_admin") or hasattr(thing, "opts") else str(thing)


def admins(only_administrators=False):
    return [
        model_admin
        for model_admin in registered_admins()
        if (model_admin.model._meta.label in ADMINISTRATORS_ONLY) is only_administrators
    ]


@pytest.fixture(autouse=True)
def meta_is_out_of_reach(settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"


@pytest.fixture
def mine():
    return World("mineown")


@pytest.fixture
def theirs(mine):
    return World(MARKER)


@pytest.fixture
def browser(mine):
    client = Client(raise_request_exception=False)
    client.force_login(mine.owner, backend="accounts.people.roles.RoleBackend")
    return client


@pytest.fixture
def program(mine):
    return Client(raise_request_exception=False, headers={"Authorization": f"Token {mine.key}"})


@pytest.mark.parametrize("model_admin", admins(), ids=label)
def test_the_admin_keeps_businesses_apart(model_admin, browser, mine, theirs):
    assert list(AdminWalk(browser, model_admin, mine, theirs).holes()) == []


@pytest.mark.parametrize("model_admin", admins(only_administrators=True), ids=label)
def test_an_owner_does_not_get_into_pages_for_administrators(model_admin, browser):
    options = model_admin.model._meta
    assert browser.get(f"/admin/{options.app_label}/{options.model_name}/").status_code == 403


@pytest.mark.parametrize("route", api_routes(), ids=label)
def test_the_api_keeps_businesses_apart(route, program, mine, theirs):
    assert list(ApiWalk(program, route, mine, theirs).holes()) == []


@pytest.mark.parametrize("route", api_routes(), ids=label)
def test_the_api_asks_who_is_there(route, mine):
    walk = ApiWalk(Client(), route, mine, mine)
    assert list(walk.answers_to_nobody()) == []


def test_no_other_page_shows_a_row_by_its_id(browser, mine, theirs):
    before = snapshot(theirs.business)
    for url in {path(row) for path in other_addresses() for row in theirs.rows.values()}:
        for ask in (browser.get, browser.post):
            assert MARKER not in ask(url).content.decode(errors="replace"), url
    assert snapshot(theirs.business) == before
