from accounts.tenancy.filters import TenantFilterSet
from bots.models import Bot, BotScenario


class BotFilter(TenantFilterSet):
    class Meta:
        model = Bot
        fields = ["whatsapp_number", "is_active"]


class BotScenarioFilter(TenantFilterSet):
    class Meta:
        model = BotScenario
        fields = ["bot", "is_active"]
