"""What is added tomorrow is inside the fences, or these tests fail; and the walkers find the holes they look for."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.test.utils import isolate_apps
from rest_framework.viewsets import ModelViewSet

from accounts.models import Business
from accounts.tenancy import api, filters, serializers
from accounts.tenancy.admin import TenantModelAdmin, TenantScoped
from accounts.tenancy.list_filters import TenantRelatedFilter
from accounts.tenancy.scope import scope
from accounts.testing import make_owner
from bots.models import Bot
from chatbot_site.tests.tenancy.admin_walk import AdminWalk
from chatbot_site.tests.tenancy.api_walk import ApiWalk, Route, api_routes
from chatbot_site.tests.tenancy.tenancy_rules import (
    faults_of_admin,
    faults_of_model,
    faults_of_route,
    faults_of_scope,
    leads_to_business,
    registered_admins,
)
from chatbot_site.tests.tenancy.world import MARKER, World, all_tenant_models

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", apps.get_models(), ids=lambda model: model._meta.label)
def test_a_model_of_a_business_says_so(model):
    assert list(faults_of_model(model)) == []


def test_every_scope_shows_the_own_rows_alone():
    mine, theirs = World("mineown"), World(MARKER)
    assert [fault for model in all_tenant_models() for fault in faults_of_scope(model, mine, theirs)] == []


@pytest.mark.parametrize("model_admin", registered_admins(), ids=lambda found: found.model._meta.label)
def test_an_admin_class_is_inside_one_business(model_admin):
    assert list(faults_of_admin(model_admin)) == []


@pytest.mark.parametrize("route", api_routes(), ids=str)
def test_an_address_of_the_api_is_inside_one_business(route):
    assert list(faults_of_route(route)) == []


@isolate_apps("crm")
def test_a_model_added_tomorrow_without_a_scope_is_found():
    class Forgotten(models.Model):
        business = models.ForeignKey(Business, on_delete=models.CASCADE)

        class Meta:
            app_label = "crm"

    class ForgottenPart(models.Model):
        bot = models.ForeignKey(Bot, on_delete=models.CASCADE)

        class Meta:
            app_label = "crm"

    assert list(faults_of_model(Forgotten)) == ["crm.Forgotten leads to a business, but is no TenantModel"]
    assert leads_to_business(ForgottenPart)
    with pytest.raises(LookupError):
        scope(Forgotten.objects.all(), make_owner())


def test_an_admin_class_added_tomorrow_without_a_scope_is_found():
    assert list(faults_of_admin(admin.ModelAdmin(Bot, admin.site)))


def test_a_viewset_added_tomorrow_without_a_scope_is_found():
    class ForgottenViewSet(ModelViewSet):
        queryset = Bot.objects.all()

    assert list(faults_of_route(Route("/api/v1/forgotten/", ForgottenViewSet, {"get": "list"}, takes_id=False)))


def without_scope(queryset, user):
    return queryset


# What is broken, and how: the walk over all admin classes must find it.
ADMIN_HOLES = {
    "lists": lambda patch: patch.setattr(
        TenantScoped, "get_queryset", lambda self, request: self.model._default_manager.all()
    ),
    "selects": lambda patch: patch.delattr(TenantScoped, "get_field_queryset"),
    "sidebar": lambda patch: patch.delattr(TenantRelatedFilter, "field_choices"),
    "look-ups": lambda patch: patch.delattr(TenantModelAdmin, "lookup_allowed"),
}

API_HOLES = {
    "lists": lambda patch: patch.setattr(api, "scope", without_scope),
    "bodies": lambda patch: patch.setattr(serializers, "scope", without_scope),
    "filters": lambda patch: patch.setattr(filters, "scope", without_scope),
}


@pytest.mark.slow
@pytest.mark.parametrize("hole", ADMIN_HOLES)
def test_the_walk_through_the_admin_finds_a_hole(hole, monkeypatch):
    ADMIN_HOLES[hole](monkeypatch)
    mine, theirs = World("mineown"), World(MARKER)
    client = Client(raise_request_exception=False)
    client.force_login(mine.owner, backend="accounts.people.roles.RoleBackend")
    walks = (
        AdminWalk(client, found, mine, theirs) for found in reversed(registered_admins()) if found.model in mine.rows
    )
    assert any(any(walk.holes()) for walk in walks)


@pytest.mark.slow
@pytest.mark.parametrize("hole", API_HOLES)
def test_the_walk_through_the_api_finds_a_hole(hole, monkeypatch, settings):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    API_HOLES[hole](monkeypatch)
    mine, theirs = World("mineown"), World(MARKER)
    client = Client(raise_request_exception=False, headers={"Authorization": f"Token {mine.key}"})
    walks = (ApiWalk(client, route, mine, theirs) for route in api_routes())
    assert any(any(walk.holes()) for walk in walks)
