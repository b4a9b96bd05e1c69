"""How much of its plan a business uses. Here, because what is counted belongs to several apps."""

from accounts.models import Business
from accounts.people.team import active_people
from bots.models import Bot
from broadcasts import recipients
from whatsapp.models import WhatsAppNumber


def usage(business: Business) -> dict[str, int]:
    """How much of each thing that plans limit there is, by the names of the limits."""
    return {
        "numbers": WhatsAppNumber.objects.for_business(business).count(),
        "bots": Bot.objects.for_business(business).count(),
        "people": active_people(business).count(),
        "broadcast_recipients_per_month": recipients.count_of_month(business),
    }
