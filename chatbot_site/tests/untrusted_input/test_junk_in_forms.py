"""Junk in any field of any form of the admin is an error of the form, or harmless; never an error of ours."""

from itertools import cycle
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from accounts.testing import make_administrator
from accounts.tests.html_forms import filled_form
from chatbot_site.tests.tenancy.admin_walk import formsets_on
from chatbot_site.tests.tenancy.world import World, all_tenant_models
from chatbot_site.tests.untrusted_input.junk import JUNK

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

ADMINS = [model_admin for model, model_admin in admin.site._registry.items() if model in all_tenant_models()]

each_admin = pytest.mark.parametrize("model_admin", ADMINS, ids=lambda model_admin: model_admin.model.__name__)


@pytest.fixture
def world(meta: Any) -> World:
    return World("junk")


@pytest.fixture
def client(world: World) -> Client:
    """Signed in as a platform administrator, who has the most fields."""
    client = Client(raise_request_exception=False)
    client.force_login(make_administrator(), backend="accounts.people.roles.RoleBackend")
    return client


def pages(model_admin: ModelAdmin, world: World) -> list[str]:
    """The addresses of the forms of an admin class: add, change and the editable list."""
    options = model_admin.model._meta
    name = f"admin:{options.app_label}_{options.model_name}"
    row = world.rows[model_admin.model]
    return [reverse(f"{name}_add"), reverse(f"{name}_change", args=[quote(row.pk)]), reverse(f"{name}_changelist")]


def fields_of(page: Any) -> dict[str, list[str]]:
    """What the page's form sends, without what counts its rows."""
    names = {name for formset in formsets_on(page) for name in formset.management_form.fields}
    return {name: value for name, value in filled_form(page).items() if not name.endswith(tuple(names) or ("-",))}


@each_admin
def test_junk_in_a_form_is_no_error_of_ours(client: Client, model_admin: ModelAdmin, world: World) -> None:
    broken, junks = [], cycle(JUNK.values())
    for url in pages(model_admin, world):
        page = client.get(url)
        if page.status_code != 200 or not page.context:
            continue
        sent, fields = filled_form(page), fields_of(page)
        # Junk everywhere shows the form again with all of it; in one field it may come through the form.
        everywhere = [{**sent, **dict.fromkeys(fields, [junk])} for junk in JUNK.values()]
        somewhere = [{**sent, name: [next(junks)]} for name in fields]
        for data in everywhere + somewhere:
            answer = client.post(url, {**data, "_save": "1"})
            if answer.status_code >= 500:
                broken.append(f"{url} {data}")
    assert broken == []


@each_admin
def test_junk_that_fills_a_form_by_its_address_is_no_error_of_ours(
    client: Client, model_admin: ModelAdmin, world: World
) -> None:
    add = pages(model_admin, world)[0]
    names = [field.name for field in model_admin.model._meta.get_fields() if field.concrete]

    answers = {name: client.get(add, dict.fromkeys(names, junk)).status_code for name, junk in JUNK.items()}

    assert {name: status for name, status in answers.items() if status >= 500} == {}


@each_admin
def test_junk_among_the_chosen_rows_is_no_error_of_ours(client: Client, model_admin: ModelAdmin, world: World) -> None:
    changelist = pages(model_admin, world)[2]
    page = client.get(changelist)
    form = page.context.get("action_form") if page.context else None
    actions = [action for action, _name in form.fields["action"].choices] if form else []

    for action in [*actions[:1], "{}"]:
        for junk in JUNK.values():
            for name in ("_selected_action", "index", "select_across"):
                data = {"action": action, "_selected_action": "1", "index": "0", name: junk}
                assert client.post(changelist, data).status_code < 500, data


def test_a_chosen_row_that_is_no_id_is_an_error_of_the_form(client: Client, world: World) -> None:
    client.force_login(world.owner, backend="accounts.people.roles.RoleBackend")

    answer = client.post(
        reverse("admin:crm_customer_add"), {"phone": "+79161234567", "tags": ["{}"], "attributes": ""}
    )

    assert answer.status_code == 200
    assert "tags" in answer.context["adminform"].form.errors
