from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from crm.customers import customers
from crm.models import Customer, Tag

from .customer_files import CustomerFiles
from .forms import CustomerForm
from .searching import CustomerSearch

_BREAK = mark_safe("<br>")

#: Conversations and deals that a customer's page shows.
MAX_LINKS = 20


class OptedOutFilter(admin.SimpleListFilter):
    title = _("opted out")
    parameter_name = "opted_out"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("yes", gettext("Yes")), ("no", gettext("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:
        if self.value() in ("yes", "no"):
            return queryset.filter(opted_out_at__isnull=self.value() == "no")
        return queryset


@admin.register(Customer)
class CustomerAdmin(CustomerFiles, CustomerSearch):
    form = CustomerForm
    list_display = ["__str__", "readable_identity", "tag_names", "is_opted_out", "created_at"]
    list_filter = ["tags", OptedOutFilter]
    search_fields = ["search_text"]
    search_help_text = _("Name or phone")
    autocomplete_fields = ["tags"]
    readonly_fields = ["conversation_links", "deal_links", "created_at"]
    fields = ["name", "phone", "tags", "attributes", "opted_out", "conversation_links", "deal_links", "created_at"]
    actions = ["opt_out", "opt_in"]
    empty_text = _("No customers yet. One is added when somebody writes to you, or add one here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return super().get_queryset(request).prefetch_related("tags")

    def get_fields(self, request: HttpRequest, obj: Customer | None = None) -> list[Any]:
        fields = list(super().get_fields(request, obj))
        return fields if obj else [name for name in fields if name not in self.readonly_fields]

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        obj.save(update_fields={"name", "phone", "attributes"} & set(form.changed_data) if change else None)
        if change and "tags" in form.changed_data:
            obj.count_edit()
        if "opted_out" in form.changed_data:
            decide = customers.opt_out if form.cleaned_data["opted_out"] else customers.opt_in
            decide(obj)

    @admin.display(description=_("phone"), ordering="phone")
    def readable_identity(self, customer: Customer) -> str:
        return customer.readable_identity

    @admin.display(description=_("tags"))
    def tag_names(self, customer: Customer) -> str:
        return ", ".join(tag.name for tag in customer.tags.all())

    @admin.display(description=_("opted out"), boolean=True, ordering="opted_out_at")
    def is_opted_out(self, customer: Customer) -> bool:
        return customer.opted_out

    @admin.display(description=_("conversations"))
    def conversation_links(self, customer: Customer) -> str:
        conversations = customer.conversations.select_related("whatsapp_number")[:MAX_LINKS]
        links = [
            (reverse("admin:crm_conversation_change", args=[row.pk]), row.whatsapp_number, row.get_status_display())
            for row in conversations
        ]
        return format_html_join(_BREAK, '<a href="{}">{}</a> · {}', links) or gettext("None yet.")

    @admin.display(description=_("deals"))
    def deal_links(self, customer: Customer) -> str:
        deals = customer.deals.select_related("stage")[:MAX_LINKS]
        links = [
            (reverse("admin:crm_deal_change", args=[deal.pk]), deal.title, deal.price, deal.stage) for deal in deals
        ]
        rows = format_html_join(_BREAK, '<a href="{}">{}</a> · {} · {}', links)
        add = format_html(
            '<a class="addlink" href="{}?customer={}">{}</a>',
            reverse("admin:crm_deal_add"),
            customer.pk,
            gettext("Add a deal"),
        )
        return format_html("{}<br>{}", rows, add) if links else add

    @admin.action(description=_("Opt the selected customers out of broadcasts"), permissions=["change"])
    def opt_out(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        self._decide(request, queryset, customers.opt_out)

    @admin.action(description=_("Opt the selected customers in again"), permissions=["change"])
    def opt_in(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        self._decide(request, queryset, customers.opt_in)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Customer], decide: Callable[[Customer], None]) -> None:
        chosen = list(queryset)
        for customer in chosen:
            decide(customer)
        count = len(chosen)
        self.message_user(request, ngettext("%d customer changed.", "%d customers changed.", count) % count)


@admin.register(Tag)
class TagAdmin(TenantModelAdmin):
    list_display = ["name", "customer_count"]
    search_fields = ["name"]
    fields = ["name"]
    # Counting groups the rows, and Django leaves a model's own order out of groups.
    ordering = ["name", "id"]
    empty_text = _("No tags yet. A tag is created on first use, on a customer or in a scenario.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(customer_count=Count("customers"))

    @admin.display(description=_("customers"), ordering="customer_count")
    def customer_count(self, tag: Any) -> str:
        url = reverse("admin:crm_customer_changelist")
        return format_html('<a href="{}?tags__id__exact={}">{}</a>', url, tag.pk, tag.customer_count)
