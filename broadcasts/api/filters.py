from accounts.tenancy.filters import TenantFilterSet
from broadcasts.models import Broadcast, BroadcastMessage


class BroadcastFilter(TenantFilterSet):
    class Meta:
        model = Broadcast
        fields = ["whatsapp_number", "status", "template"]


class BroadcastMessageFilter(TenantFilterSet):
    class Meta:
        model = BroadcastMessage
        fields = ["broadcast", "status", "customer", "skip_reason"]
