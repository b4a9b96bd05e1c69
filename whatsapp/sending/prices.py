"""What Meta charges for a message, for people (Webhooks, "statuses", `pricing`)."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from whatsapp.models import OutboundMessage

#: Meta's categories of prices; others are shown as they come.
CATEGORIES = {
    "marketing": gettext_lazy("marketing"),
    "marketing_lite": gettext_lazy("marketing (lite)"),
    "utility": gettext_lazy("service"),
    "authentication": gettext_lazy("sign-in code"),
    "authentication_international": gettext_lazy("sign-in code abroad"),
    "service": pgettext_lazy("price", "reply to a customer"),
    "referral_conversion": gettext_lazy("reply to whom an ad brought"),
}


#: Meta's types of prices.
TYPES = {
    "regular": pgettext_lazy("price", "regular"),
    "free_customer_service": gettext_lazy("free: within 24 hours of the customer's message"),
    "free_entry_point": gettext_lazy("free: began at an ad"),
}


def category_text(category: str) -> str:
    """A category of prices as people call it."""
    return str(CATEGORIES.get(category, category))


def type_of_price(name: str) -> str:
    """A type of prices as people call it."""
    return str(TYPES.get(name, name))


def price_text(message: OutboundMessage) -> str:
    """The category of a message's price, whether it is charged, and where to; empty while Meta has not said."""
    if message.pricing_category is None:
        return ""
    charged = {True: _("charged"), False: _("free of charge"), None: ""}[message.pricing_billable]
    parts = [category_text(message.pricing_category), charged, message.recipient_country]
    return ", ".join(str(part) for part in parts if part)
