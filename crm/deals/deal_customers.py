"""The customers of deals, as people name them where a deal is added in passing."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Business
from crm.customers import customers
from crm.customers.search import matching
from crm.models import Customer
from whatsapp.phone_numbers import normalize_phone

#: Stands between a name and a phone in what is suggested.
SEPARATOR = " · "

MAX_SUGGESTIONS = 8


def suggestions(business: Business, text: str) -> list[str]:
    """The customers that a part of a name or of a phone may mean, each in words that `customer_of` understands."""
    if not text.strip():
        return []
    found = matching(Customer.objects.for_business(business), text, business.country)
    return [named(customer) for customer in found.order_by("name", "pk")[:MAX_SUGGESTIONS]]


def named(customer: Customer) -> str:
    """Name and phone, or what there is of both."""
    name, identity = str(customer), customer.readable_identity
    return identity if name == identity else f"{name}{SEPARATOR}{identity}"


def customer_of(business: Business, text: str) -> Customer:
    """
    The one customer that a name or a phone means; a phone that nobody has yet makes a customer. Call it in a
    transaction. Raises ValidationError.
    """
    identity = text.rpartition(SEPARATOR)[2].strip()
    rows = Customer.objects.for_business(business)
    found = list(rows.filter(Q(whatsapp_user_id=identity) | Q(name=text.strip()))[:2]) if identity else []
    if len(found) != 1:
        found = list(matching(rows, identity, business.country)[:2]) if identity else []
    if len(found) > 1:
        raise ValidationError(_("Several customers are called like this. Choose one of the list, or write the phone."))
    return found[0] if found else _new_customer(business, identity)


def _new_customer(business: Business, phone: str) -> Customer:
    try:
        return customers.get_or_create(business, phone=normalize_phone(phone, business.country))
    except ValidationError:
        raise ValidationError(
            _("There is no such customer. Write a part of the name, or a phone: a new one is added by phone.")
        ) from None
