"""How much of its plan a business uses; composed here because what is counted lives in several apps."""

from django.utils import timezone

from accounts.models import User
from bots.models import Bot
from broadcasts.models import BroadcastMessage
from whatsapp.models import WhatsAppNumber


def usage(business):
    """What is counted → how much of it there is, under the names that plans limit."""
    month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    recipients = BroadcastMessage.objects.for_business(business).filter(accepted_at__gte=month)
    return {
        "numbers": WhatsAppNumber.objects.for_business(business).count(),
        "bots": Bot.objects.for_business(business).count(),
        "people": User.objects.for_business(business).count(),
        "broadcast_recipients_per_month": recipients.count(),
    }
