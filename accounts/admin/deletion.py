from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Deletion
from accounts.templatetags.accounts import grouped
from accounts.tenancy.admin import ReadOnlyTenantAdmin
from accounts.tenancy.live_page import LivePage


class DeletionPage(LivePage[Deletion]):
    """The page of a deletion: how far it is, then its receipt."""

    live_template = "admin/accounts/deletion/receipt.html"

    def live_context(self, request: HttpRequest, row: Deletion) -> dict[str, Any]:
        names = {model._meta.db_table: capfirst(model._meta.verbose_name_plural) for model in apps.get_models()}
        return {
            "deletion": row,
            "kind": _kind(row),
            "progress": _progress(row),
            "removed": [(names.get(table, table), grouped(count)) for table, count in row.counts_by_table.items()],
            "rows": grouped(row.done),
            "can_be_exported": hasattr(_model_of(row), "exported_at"),
        }


@admin.register(Deletion)
class DeletionAdmin(ReadOnlyTenantAdmin):
    """What is being deleted, and receipts: what was deleted, when and by whom."""

    empty_text = _("Nothing has been deleted yet. What is deleted is noted here: who, when and how much.")
    list_display = ["name", "kind", "state", "progress", "requested_by_email", "requested"]
    list_filter = ["state", "created_at"]
    search_fields = ["name", "requested_by_email"]
    fields = []

    def __init__(self, model: type[Deletion], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.page = DeletionPage(self)

    def get_urls(self) -> list[URLPattern]:
        return [*self.page.urls(), *super().get_urls()]

    @admin.display(description=_("kind"), ordering="what")
    def kind(self, deletion: Deletion) -> str:
        return _kind(deletion)

    @admin.display(description=_("progress"))
    def progress(self, deletion: Deletion) -> str:
        return _progress(deletion)

    @admin.display(description=Deletion._meta.get_field("created_at").verbose_name, ordering="created_at")
    def requested(self, deletion: Deletion) -> str:
        return date_format(localtime(deletion.created_at), "SHORT_DATETIME_FORMAT")

    def form_context(self, request: HttpRequest, obj: Deletion) -> dict[str, Any]:
        return self.page.live_context(request, obj)

    class Media:
        css = {"all": ["accounts/deletion.css"]}


def _kind(deletion: Deletion) -> str:
    """What people call the kind of row that was deleted."""
    model = _model_of(deletion)
    return capfirst(str(model._meta.verbose_name)) if model else deletion.what


def _progress(deletion: Deletion) -> str:
    numbers = {"done": grouped(deletion.done), "total": grouped(deletion.total)}
    text = gettext("%(done)s of %(total)s rows") % numbers
    if deletion.state == Deletion.State.DONE:
        return text
    return format_html('<progress max="{}" value="{}"></progress> {}', deletion.total, deletion.done, text)


def _model_of(deletion: Deletion) -> type[Model] | None:
    """The model of what was deleted, or None when there is none of this name any more."""
    try:
        return apps.get_model(deletion.what)
    except (LookupError, ValueError):
        return None
