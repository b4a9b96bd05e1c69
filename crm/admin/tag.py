from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from crm.customers.tag_usage import count_customers, uses_of_tags
from crm.models import Tag
from crm.normalization import fold_tag
from whatsapp.admin.message_template_deletion import linked

#: Broadcasts and scenarios that the page names before tags are deleted, and tags whose customers one link shows.
MAX_USES = 50


@admin.register(Tag)
class TagAdmin(TenantModelAdmin):
    list_display = ["name", "customer_count"]
    search_fields = ["folded_name"]
    fields = ["name"]
    # Counting groups the rows, and Django leaves a model's own order out of groups.
    ordering = ["name", "id"]
    empty_text = _("No tags yet. A tag is created on first use, on a customer or in a scenario.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(customer_count=Count("customers"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Tag], search_term: str
    ) -> tuple[QuerySet[Tag], bool]:
        return super().get_search_results(request, queryset, fold_tag(search_term))

    @admin.display(description=_("customers"), ordering="customer_count")
    def customer_count(self, tag: Any) -> str:
        url = reverse("admin:crm_customer_changelist")
        return format_html('<a href="{}?tags__id__exact={}">{}</a>', url, tag.pk, tag.customer_count)

    def confirmation_context(self, request: HttpRequest, rows: Iterable[Tag]) -> dict[str, Any]:
        """What names the tags that are to be deleted, and who has them."""
        tags = list(rows)
        uses = uses_of_tags(tags)
        return {
            "warning_template": "admin/crm/tag/delete_warning.html",
            "tagged": count_customers(tags),
            "tagged_url": _customers_url(tags) if len(tags) <= MAX_USES else "",
            "uses": [linked(use) for use in uses[:MAX_USES]],
            "more_uses": max(len(uses) - MAX_USES, 0),
        }


def _customers_url(tags: list[Tag]) -> str:
    return f"{reverse('admin:crm_customer_changelist')}?tags__id__in={','.join(str(tag.pk) for tag in tags)}"
