from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from crm.deals import deals
from crm.models import Deal, DealStage
from crm.models.deal import readable_amount

from .searching import CustomerSearch


@admin.register(Deal)
class DealAdmin(CustomerSearch):
    list_display = ["title", "customer", "price", "stage", "created_at"]
    list_filter = ["stage", "stage__kind"]
    change_list_template = "admin/crm/deal/change_list.html"
    list_select_related = ["customer", "stage"]
    search_fields = ["customer__search_text"]
    search_help_text = _("Name or phone of the customer")
    autocomplete_fields = ["customer", "conversation"]
    fields = ["title", "customer", "conversation", "stage", "amount", "currency"]
    extra_lookups = frozenset({"customer__id__exact"})
    empty_text = _("No deals yet. Add one here, or let a scenario make them.")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if business := signed_in(request).business:
            stage = DealStage.objects.for_user(signed_in(request)).first()
            initial = {"currency": business.currency, "stage": stage.pk if stage else "", **initial}
        return initial

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Above the list, what is in each stage. A platform administrator sees the stages of no business."""
        business = signed_in(request).business
        board = [_board_column(total) for total in deals.totals(business)] if business else []
        return super().changelist_view(request, {"board": board, **(extra_context or {})})

    @admin.display(description=_("amount"), ordering="amount")
    def price(self, deal: Deal) -> str:
        return deal.price


def _board_column(total: deals.StageTotal) -> dict[str, Any]:
    return {
        "name": total.stage.name,
        "kind": total.stage.kind,
        "count": total.count,
        "amounts": [readable_amount(amount, currency) for currency, amount in total.sums.items()],
        "url": f"{reverse('admin:crm_deal_changelist')}?stage__id__exact={total.stage.pk}",
    }


@admin.register(DealStage)
class DealStageAdmin(TenantModelAdmin):
    list_display = ["name", "key", "kind", "position"]
    list_editable = ["position"]
    fields = ["name", "key", "kind", "position"]
    prepopulated_fields = {"key": ["name"]}
