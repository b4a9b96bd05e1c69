"""How much of its plan a business uses; composed here because what is counted lives in several apps."""

from accounts.people.team import active_people
from bots.models import Bot
from broadcasts import recipients
from whatsapp.models import WhatsAppNumber


def usage(business):
    """What is counted → how much of it there is, under the names that plans limit."""
    return {
        "numbers": WhatsAppNumber.objects.for_business(business).count(),
        "bots": Bot.objects.for_business(business).count(),
        "people": active_people(business).count(),
        "broadcast_recipients_per_month": recipients.count_of_month(business),
    }
