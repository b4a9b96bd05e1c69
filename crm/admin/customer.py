from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.customers import customers
from crm.models import Customer

from .customer_files import CustomerFiles
from .customer_merges import CustomerMerges
from .forms import CustomerForm
from .searching import CustomerSearch
from .writing_first import WritingFirst

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
class CustomerAdmin(CustomerFiles, CustomerMerges, WritingFirst, CustomerSearch):
    form = CustomerForm
    list_display = ["__str__", "readable_identity", "tag_names", "is_opted_out", "created_at"]
    list_filter = ["tags", OptedOutFilter]
    search_fields = ["search_text"]
    search_help_text = _("Name, phone or @username")
    autocomplete_fields = ["tags"]
    readonly_fields = [
        *("readable_username", "whatsapp_user_id", "ad_link", "conversation_links", "deal_links", "created_at"),
    ]
    fields = [
        "name",
        "phone",
        "readable_username",
        "whatsapp_user_id",
        "tags",
        "attributes",
        "opted_out",
        "ad_link",
        "conversation_links",
        "deal_links",
        "created_at",
    ]
    actions = ["opt_out", "opt_in", "merge_selected"]
    empty_text = _("No customers yet. One is added when somebody writes to you, or add one here.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return super().get_queryset(request).prefetch_related("tags")

    def get_fields(self, request: HttpRequest, obj: Customer | None = None) -> list[Any]:
        fields = list(super().get_fields(request, obj))
        if obj is None:
            hidden = set(self.readonly_fields)
        else:
            known = {"readable_username": obj.username, "whatsapp_user_id": obj.whatsapp_user_id}
            hidden = {name for name, value in known.items() if not value}
        return [name for name in fields if name not in hidden]

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        obj.save(update_fields={"name", "phone", "attributes"} & set(form.changed_data) if change else None)
        if change and "tags" in form.changed_data:
            obj.count_edit()
        if "opted_out" in form.changed_data:
            decide = customers.opt_out if form.cleaned_data["opted_out"] else customers.opt_in
            decide(obj)

    @admin.display(description=_("WhatsApp username"))
    def readable_username(self, customer: Customer) -> str:
        return customer.readable_username

    @admin.display(description=_("phone"), ordering="phone")
    def readable_identity(self, customer: Customer) -> str:
        return customer.readable_identity

    @admin.display(description=_("tags"))
    def tag_names(self, customer: Customer) -> str:
        return ", ".join(tag.name for tag in customer.tags.all())

    @admin.display(description=_("opted out"), boolean=True, ordering="opted_out_at")
    def is_opted_out(self, customer: Customer) -> bool:
        return customer.opted_out

    @admin.display(description=_("came from the ad"))
    def ad_link(self, customer: Customer) -> str:
        ad = customer.ad
        if not ad:
            return str(self.get_empty_value_display())
        title = ad["headline"] or ad["body"] or ad["id"] or ad["url"] or ad["click_id"]
        if not ad["url"]:
            return str(title)
        link = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
        return format_html(link, ad["url"], title)

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
        self._tell_changed(request, customers.opt_out_all(queryset))

    @admin.action(description=_("Opt the selected customers in again"), permissions=["change"])
    def opt_in(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        self._tell_changed(request, customers.opt_in_all(queryset))

    def _tell_changed(self, request: HttpRequest, count: int) -> None:
        self.message_user(request, ngettext("%d customer changed.", "%d customers changed.", count) % count)
