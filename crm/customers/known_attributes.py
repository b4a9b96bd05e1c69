"""The attributes that a business uses."""

from accounts.models import Business
from crm.models import Customer

#: Customers that are asked for their attributes, the latest ones.
MAX_CUSTOMERS_READ = 200


def attribute_names(business: Business) -> list[str]:
    """The names of the attributes that the business's latest customers have, in alphabetical order."""
    latest = Customer.objects.for_business(business).exclude(attributes={}).order_by("-pk")
    read = latest.values_list("attributes", flat=True)[:MAX_CUSTOMERS_READ]
    return sorted({name for attributes in read for name in attributes})
