"""A foreign key that a change page shows, of any row, is a link only for who may open the page it leads to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from accounts.testing import make_administrator, make_colleague
from chatbot_site.tests.pages.crawler import LinkReader
from chatbot_site.tests.pages.test_links import signed_in
from chatbot_site.tests.tenancy.world import World
from crm.models import Message

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def world() -> World:
    return World("mineown")


def owner(world: World) -> User:
    return world.owner


def manager(world: World) -> User:
    return make_colleague(world.owner, Role.MANAGER)


def operator(world: World) -> User:
    return make_colleague(world.owner, Role.OPERATOR)


def administrator(world: World) -> User:
    return make_administrator()


def change_page(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def links_of(client: Client, address: str) -> set[str]:
    """The change pages that a page leads to; none where it may not be seen."""
    answer, reader = client.get(address), LinkReader(address)
    if answer.status_code == 200:
        reader.feed(answer.content.decode())
    return {link for link in reader.links if link.endswith("/change/")}


@pytest.mark.parametrize("role", [owner, manager, operator, administrator])
def test_whoever_looks_may_open_what_a_foreign_key_links_to(world: World, role: Callable[[World], User]) -> None:
    client = signed_in(role(world))
    dead = []
    for row in (row for model, row in world.rows.items() if admin.site.is_registered(model)):
        address = change_page(row)
        dead += [f"{address} → {link}" for link in links_of(client, address) if client.get(link).status_code != 200]

    assert "\n".join(dead) == ""


def test_an_author_is_a_link_for_who_may_open_people(world: World) -> None:
    message = world.rows[Message]
    Message.objects.filter(pk=message.pk).update(author=world.owner)

    assert change_page(world.owner) in links_of(signed_in(manager(world)), change_page(message))
    assert change_page(world.owner) not in links_of(signed_in(operator(world)), change_page(message))


def test_a_row_that_who_looks_does_not_see_is_no_link(world: World) -> None:
    message, administrator = world.rows[Message], make_administrator()
    Message.objects.filter(pk=message.pk).update(author=administrator)

    assert change_page(administrator) not in links_of(signed_in(world.owner), change_page(message))
