"""What a page shows before a deletion, in the shape that Django's admin templates expect."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.translation import ngettext

from accounts.templatetags.accounts import grouped

from .cascade import Cascade, Kind


class KindName(str):
    """The name of a kind of rows for people, with the name of its table for templates."""

    table: str

    def __new__(cls, model: type[Model]) -> "KindName":
        name = super().__new__(cls, model._meta.verbose_name_plural)
        name.table = model._meta.db_table
        return name


def deleted_objects(
    cascade: Cascade, admin_site: AdminSite, request: HttpRequest
) -> tuple[list[Any], dict[KindName, int], set[str], list[str]]:
    """
    As Django's `ModelAdmin.get_deleted_objects` returns it: (nested list of what is deleted, counts by kind, kinds
    that the user may not delete, rows that forbid the deletion).

    The user needs the permission for the root only; what depends on it is deleted whoever wrote it.
    """
    counts = {KindName(model): count for model, count in cascade.counts.items()}
    forbidden: set[str] = set()
    model_admin = admin_site.get_model_admin(cascade.root_model)
    if not model_admin.has_delete_permission(request):
        forbidden.add(str(cascade.root_model._meta.verbose_name))
    page = [line for kind in cascade.kinds() for line in _kind_lines(kind, admin_site, request)]
    return page, counts, forbidden, [_link(row, admin_site, request) for row in cascade.blockers()]


def with_counts(response: Any) -> Any:
    """Add counts by table to the context of a confirmation page, for its warning."""
    context = getattr(response, "context_data", None)
    if context and "model_count" in context:
        context["counts"] = {kind.table: count for kind, count in context["model_count"]}
    return response


def _kind_lines(kind: Kind, admin_site: AdminSite, request: HttpRequest) -> list[Any]:
    title = f"{capfirst(kind.model._meta.verbose_name_plural)}: {grouped(kind.count)}"
    lines: list[Any] = [_link(row, admin_site, request) for row in kind.rows]
    if kind.more:
        lines.append(ngettext("and %(count)s more", "and %(count)s more", kind.more) % {"count": grouped(kind.more)})
    for part in kind.parts:
        lines += _kind_lines(part, admin_site, request)
    return [title, lines]


def _link(row: Model, admin_site: AdminSite, request: HttpRequest) -> str:
    """The name of a row; a link to its page for people who may open pages of its kind."""
    options = row._meta
    name = Truncator(str(row)).chars(60)
    if not admin_site.is_registered(type(row)):
        return name
    if not admin_site.get_model_admin(type(row)).has_view_or_change_permission(request):
        return name
    url = reverse(f"{admin_site.name}:{options.app_label}_{options.model_name}_change", args=(quote(row.pk),))
    return format_html('<a href="{}">{}</a>', url, name)
