"""Junk in any parameter of any list, in the admin and in the API, never breaks it."""

from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.test import Client
from django.urls import reverse

from chatbot_site.tests.tenancy.api_walk import ApiWalk, Route, api_routes
from chatbot_site.tests.tenancy.world import World
from chatbot_site.tests.untrusted_input.junk import JUNK
from chatbot_site.tests.untrusted_input.test_junk_in_forms import each_admin

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

#: What Django's lists read besides filters.
OF_EVERY_LIST = ("q", "o", "p", "all", "e", "_facets", "_popup", "_to_field", "_changelist_filters")
LOOKUPS = ("exact", "in", "isnull", "gt", "gte", "lt", "year", "month", "day", "date", "range")


@pytest.fixture
def world(meta: Any) -> World:
    return World("junk")


@pytest.fixture
def client(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.owner, backend="accounts.people.roles.RoleBackend")
    return client


def queries(names: Iterable[str]) -> Iterator[str]:
    """Each parameter with what is hardest on a database, and with some of the rest."""
    rest = cycle(junk for name, junk in JUNK.items() if name != "huge")
    for name in names:
        for junk in (JUNK["huge"], next(rest)):
            yield f"{name}={quote(junk)}"


def parameters(model_admin: ModelAdmin, changelist: Any) -> set[str]:
    """Every parameter that a list reads."""
    of_filters = {name for spec in changelist.filter_specs for name in spec.expected_parameters()}
    by_field = {
        item if isinstance(item, str) else item[0] for item in model_admin.list_filter if not isinstance(item, type)
    }
    dates = {model_admin.date_hierarchy} - {None}
    lookups = {f"{path}__{lookup}" for path in by_field | dates for lookup in LOOKUPS}
    return {*OF_EVERY_LIST, *of_filters, *model_admin.extra_lookups, *lookups}


@each_admin
def test_junk_in_the_address_of_a_list_is_no_error_of_ours(
    client: Client, model_admin: ModelAdmin, world: World
) -> None:
    options = model_admin.model._meta
    url = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    page = client.get(url)
    names = parameters(model_admin, page.context["cl"]) if page.context and "cl" in page.context else OF_EVERY_LIST

    broken = [query for query in queries(sorted(names)) if client.get(f"{url}?{query}").status_code >= 500]

    assert broken == []


@pytest.mark.parametrize("route", api_routes(), ids=str)
def test_junk_in_an_address_of_the_api_is_no_error_of_ours(client: Client, route: Route, world: World) -> None:
    url = ApiWalk(client, route, world, world).own_url
    filters = getattr(getattr(route.view_class, "filterset_class", None), "base_filters", {})
    known = getattr(route.view_class, "known_parameters", ())
    names = {
        *filters,
        *(() if isinstance(known, property) else known),
        "page",
        "page_size",
        "cursor",
        "format",
        "x",
    }

    broken = [query for query in queries(sorted(names, key=str)) if client.get(f"{url}?{query}").status_code >= 500]
    if route.takes_id:
        for junk in JUNK.values():
            address = ApiWalk(client, route, world, world).url_of(quote(junk, safe=""))
            broken += [f"{method} {address}" for method in route.methods if ask(client, method, address) >= 500]

    assert broken == []


def ask(client: Client, method: str, address: str) -> int:
    return getattr(client, method)(address, {}, content_type="application/json").status_code


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_in_the_address_of_a_page_is_no_error_of_ours(client: Client, junk: Any, world: World) -> None:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        for page in ("change", "history", "delete"):
            address = reverse(f"{name}_{page}", args=["1"]).replace("/1/", f"/{quote(junk, safe='')}/")
            assert client.get(address).status_code < 500, address


@pytest.mark.parametrize("name", ["app_label", "model_name", "field_name", "term", "page"])
def test_junk_in_a_look_up_of_names_is_no_error_of_ours(client: Client, name: str) -> None:
    asked = {"app_label": "crm", "model_name": "deal", "field_name": "customer", "term": "A"}
    for junk in JUNK.values():
        assert client.get(reverse("admin:autocomplete"), {**asked, name: junk}).status_code < 500


def test_an_address_with_a_nul_says_what_is_wrong(client: Client) -> None:
    page = client.get("/admin/crm/conversation/?status__exact=%00", headers={"accept-language": "en"})

    assert page.status_code == 400
    assert "cannot be read" in page.content.decode()
