from accounts.tenant_filters import TenantFilterSet

from .models import WhatsAppNumber


class WhatsAppNumberFilter(TenantFilterSet):
    class Meta:
        model = WhatsAppNumber
        fields = ["is_active", "status", "phone_number_id", "waba_id"]
