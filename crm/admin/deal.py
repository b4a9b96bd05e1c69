from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.tenant_admin import TenantModelAdmin
from crm.models import Deal, DealStage

from .searching import CustomerSearch


@admin.register(Deal)
class DealAdmin(CustomerSearch, TenantModelAdmin):
    list_display = ["title", "customer", "price", "stage", "created_at"]
    list_filter = ["stage", "stage__kind"]
    list_select_related = ["customer", "stage"]
    search_fields = ["customer__search_text"]
    search_help_text = _("Name or phone of the customer")
    autocomplete_fields = ["customer", "conversation"]
    fields = ["title", "customer", "conversation", "stage", "amount", "currency"]
    extra_lookups = frozenset({"customer__id__exact"})
    empty_text = _("No deals yet. Add one here, or let a scenario make them.")

    def get_changeform_initial_data(self, request):
        initial = super().get_changeform_initial_data(request)
        if request.user.business:
            stage = DealStage.objects.for_user(request.user).first()
            initial = {"currency": request.user.business.currency, "stage": stage and stage.pk, **initial}
        return initial

    @admin.display(description=_("amount"), ordering="amount")
    def price(self, deal):
        return f"{deal.amount} {deal.currency}"


@admin.register(DealStage)
class DealStageAdmin(TenantModelAdmin):
    list_display = ["name", "key", "kind", "position"]
    list_editable = ["position"]
    fields = ["name", "key", "kind", "position"]
    prepopulated_fields = {"key": ["name"]}
