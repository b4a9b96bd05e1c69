from django.apps import apps
from django.contrib import admin
from django.shortcuts import render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import conditional_page, require_GET

from accounts.models import Deletion
from accounts.templatetags.accounts import grouped
from accounts.tenancy.admin import ReadOnlyTenantAdmin


@admin.register(Deletion)
class DeletionAdmin(ReadOnlyTenantAdmin):
    """What is being deleted, which updates by itself, and receipts: what was deleted, when and by whom."""

    list_display = ["name", "kind", "state", "progress", "requested_by_email", "requested"]
    list_filter = ["state", "created_at"]
    search_fields = ["name", "requested_by_email"]
    fields = []

    @admin.display(description=_("kind"), ordering="what")
    def kind(self, deletion):
        model = model_of(deletion)
        return capfirst(model._meta.verbose_name) if model else deletion.what

    @admin.display(description=_("progress"))
    def progress(self, deletion):
        numbers = {"done": grouped(deletion.done), "total": grouped(deletion.total)}
        text = gettext("%(done)s of %(total)s rows") % numbers
        if deletion.state == Deletion.State.DONE:
            return text
        return format_html('<progress max="{}" value="{}"></progress> {}', deletion.total, deletion.done, text)

    @admin.display(description=Deletion._meta.get_field("created_at").verbose_name, ordering="created_at")
    def requested(self, deletion):
        return date_format(localtime(deletion.created_at), "SHORT_DATETIME_FORMAT")

    def get_urls(self):
        view = self.admin_site.admin_view(self.live_view)
        return [path("<int:pk>/live/", view, name="accounts_deletion_live"), *super().get_urls()]

    @method_decorator([require_GET, conditional_page])
    def live_view(self, request, pk):
        """What changes by itself, as a fragment of HTML; 304 while nothing did."""
        deletion = self.row_or_404(request, self.get_queryset(request), pk)
        return render(request, "admin/accounts/deletion/receipt.html", self._receipt(deletion))

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context.update(self._receipt(obj))
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _receipt(self, deletion):
        names = {model._meta.db_table: capfirst(model._meta.verbose_name_plural) for model in apps.get_models()}
        return {
            "deletion": deletion,
            "kind": self.kind(deletion),
            "progress": self.progress(deletion),
            "removed": [
                (names.get(table, table), grouped(count)) for table, count in deletion.counts_by_table.items()
            ],
            "rows": grouped(deletion.done),
            "can_be_exported": hasattr(model_of(deletion), "exported_at"),
        }

    class Media:
        css = {"all": ["accounts/deletion.css"]}


def model_of(deletion):
    """The model of what was deleted, or None when there is none of this name any more."""
    try:
        return apps.get_model(deletion.what)
    except (LookupError, ValueError):
        return None
