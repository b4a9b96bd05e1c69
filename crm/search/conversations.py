"""Finds conversations by whose they are, and by what was said in them."""

from django.db.models import Q, QuerySet

from accounts.models import Business
from crm.customers.search import matching
from crm.models import Conversation, Customer, Message

from .messages import find_messages


def matching_conversations(
    conversations: QuerySet[Conversation], business: Business, typed: str
) -> QuerySet[Conversation]:
    """Those of a business whose customer has this name or phone, or whose newest messages that are found say so."""
    customers = matching(Customer.objects.filter(business=business).order_by(), typed, business.country)
    said = find_messages(Message.objects.all(), business.pk, typed)
    spoken = set(Message.objects.filter(pk__in=said).order_by().values_list("conversation", flat=True))
    return conversations.filter(Q(customer__in=customers.values("pk")) | Q(pk__in=spoken))
