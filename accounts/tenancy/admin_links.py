"""
Change pages on which a read-only foreign key is a link only for people who may open the page it leads to. Django
makes it a link for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin import helpers
from django.db.models import Model
from django.http import HttpRequest


def may_open(site: admin.AdminSite, request: HttpRequest, row: Model) -> bool:
    """Whether whoever is signed in may open the change page of a row, and sees the row at all."""
    if not site.is_registered(type(row)):
        return False
    model_admin = site.get_model_admin(type(row))
    may_view: bool = model_admin.has_view_or_change_permission(request, row)
    return may_view and model_admin.get_queryset(request).filter(pk=row.pk).exists()


class TenantAdminForm(helpers.AdminForm):
    """The fields of a change page, from the form that Django made for it."""

    def __init__(self, request: HttpRequest, made: helpers.AdminForm) -> None:
        super().__init__(made.form, made.fieldsets, {}, made.readonly_fields, made.model_admin)
        self.prepopulated_fields = made.prepopulated_fields
        self.request = request

    def __iter__(self) -> Iterator[helpers.Fieldset]:
        options: Any
        for name, options in self.fieldsets:
            fieldset = _Fieldset(self.form, name, self.readonly_fields, model_admin=self.model_admin, **options)
            fieldset.request = self.request
            yield fieldset


class _Fieldset(helpers.Fieldset):
    request: HttpRequest
    fields: Any

    def __iter__(self) -> Iterator[helpers.Fieldline]:
        for field in self.fields:
            line = _Fieldline(self.form, field, self.readonly_fields, self.model_admin)
            line.request = self.request
            yield line


class _Fieldline(helpers.Fieldline):
    request: HttpRequest

    def __iter__(self) -> Iterator[helpers.AdminField | helpers.AdminReadonlyField]:
        for field in super().__iter__():
            if isinstance(field, helpers.AdminReadonlyField):
                name = field.field["field"]
                field = _ReadonlyField(self.form, name, field.is_first, self.model_admin)
                field.request = self.request
            yield field


class _ReadonlyField(helpers.AdminReadonlyField):
    request: HttpRequest
    model_admin: Any

    def get_admin_url(self, remote_field: Any, remote_obj: Model) -> str:
        if may_open(self.model_admin.admin_site, self.request, remote_obj):
            return super().get_admin_url(remote_field, remote_obj)
        return str(remote_obj)
