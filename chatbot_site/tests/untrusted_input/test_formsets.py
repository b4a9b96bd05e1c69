"""Every formset of the six apps limits the rows that a POST may promise it."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.forms import BaseFormSet
from django.test import RequestFactory

from accounts.tenancy.admin import TenantModelAdmin, TenantTabularInline
from accounts.tenancy.formsets import LimitedFormSet
from accounts.testing import make_administrator
from chatbot_site.tests.untrusted_input.our_modules import modules
from crm.models import Conversation, Customer

pytestmark = pytest.mark.django_db

#: A page with more rows takes long to show.
MOST = 310


class Inline(TenantTabularInline):
    model = Conversation


def formsets(request) -> Iterator[type[BaseFormSet]]:
    """Those that stand in modules, and those that the admin makes of lists and inlines."""
    for module in modules():
        yield from (it for it in vars(module).values() if isinstance(it, type) and issubclass(it, BaseFormSet))
    for model_admin in admin.site._registry.values():
        if model_admin.list_editable or isinstance(model_admin, TenantModelAdmin):
            yield model_admin.get_changelist_formset(request)
        yield from (inline.get_formset(request) for inline in model_admin.get_inline_instances(request))


def test_every_formset_limits_the_rows_that_it_is_promised():
    request = RequestFactory().get("/")
    request.user = make_administrator()
    inline = TenantModelAdmin(Customer, admin.site)
    inline.inlines = [Inline]
    found = [*formsets(request), *(it.get_formset(request) for it in inline.get_inline_instances(request))]
    ours = [formset for formset in found if not formset.__module__.startswith("django.")]
    made = [formset for formset in found if hasattr(formset, "absolute_max")]
    assert len(made) > 20
    assert [formset for formset in {*ours, *made} if not issubclass(formset, LimitedFormSet)] == []
    assert [formset for formset in made if formset.absolute_max > MOST] == []
