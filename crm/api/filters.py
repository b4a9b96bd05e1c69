from datetime import timedelta
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django_filters.rest_framework import CharFilter, ChoiceFilter, NumberFilter

from accounts.tenancy.filters import TenantFilterSet, TrueOrFalseFilter
from crm.conversations.queues import QUEUES, in_queue
from crm.customers.search import matching
from crm.customers.tags import find_tags
from crm.models import Conversation, Customer, Message, Tag
from crm.models.conversation import CUSTOMER_SERVICE_WINDOW
from crm.search.conversations import matching_conversations
from crm.search.messages import MAX_FOUND, find_messages

#: Minutes of the window in which free text may be sent.
MAX_MINUTES = CUSTOMER_SERVICE_WINDOW // timedelta(minutes=1)


class CustomerFilter(TenantFilterSet):
    tag = CharFilter(method="tagged", label="Tag", help_text="The name of a tag, whatever its case.")
    search = CharFilter(
        method="matching", label="Search", help_text="Part of the name or of the @username, or a phone."
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def matching(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return matching(queryset, value, self.request.user.business.country)

    def tagged(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        tags = find_tags(self.request.user.business_id, [value])
        return queryset.filter(pk__in=Customer.tags.through.objects.filter(tag__in=tags).values("customer"))


class TagFilter(TenantFilterSet):
    name = CharFilter(method="named", label="Name", help_text="The name, whatever its case.")

    class Meta:
        model = Tag
        fields: list[str] = []

    def named(self, queryset: QuerySet[Tag], name: str, value: str) -> QuerySet[Tag]:
        return queryset.filter(pk__in=[tag.pk for tag in find_tags(self.request.user.business_id, [value])])


class ConversationFilter(TenantFilterSet):
    waiting = TrueOrFalseFilter(
        field_name="waiting_since", lookup_expr="isnull", exclude=True, label="Waiting", help_text="For a person."
    )
    queue = ChoiceFilter(
        choices=[(name, queue.label) for name, queue in QUEUES.items()],
        method="queued",
        label="Queue",
        help_text="What the caller finds in this queue of the inbox.",
    )
    closing_within = NumberFilter(
        method="closing",
        min_value=1,
        max_value=MAX_MINUTES,
        label="Closing within",
        help_text="Minutes in which the 24-hour window closes.",
    )
    tag = CharFilter(method="tagged", label="Tag", help_text="The name of a tag of the customer, whatever its case.")
    search = CharFilter(
        method="matching",
        label="Search",
        help_text="Part of the customer's name or @username, a phone, or words of the messages in any form.",
    )

    class Meta:
        model = Conversation
        fields = ["status", "whatsapp_number", "assignee", "customer"]

    def queued(self, queryset: QuerySet[Conversation], name: str, value: str) -> QuerySet[Conversation]:
        return in_queue(queryset, value, self.request.user)

    def closing(self, queryset: QuerySet[Conversation], name: str, value: Decimal) -> QuerySet[Conversation]:
        now = timezone.now()
        by = now + timedelta(minutes=float(value))
        opened = (now - CUSTOMER_SERVICE_WINDOW, by - CUSTOMER_SERVICE_WINDOW)
        return queryset.filter(last_inbound_at__gt=opened[0], last_inbound_at__lte=opened[1])

    def tagged(self, queryset: QuerySet[Conversation], name: str, value: str) -> QuerySet[Conversation]:
        tags = find_tags(self.request.user.business_id, [value])
        return queryset.filter(customer__in=Customer.tags.through.objects.filter(tag__in=tags).values("customer"))

    def matching(self, queryset: QuerySet[Conversation], name: str, value: str) -> QuerySet[Conversation]:
        return matching_conversations(queryset, self.request.user.business, value)


class SearchedMessages(TenantFilterSet):
    # Filters of fields come before: what is found is the newest of what these leave.
    search = CharFilter(
        method="matching",
        label="Search",
        help_text=f"Words, in any form. The newest {MAX_FOUND} messages that have them all.",
    )

    def matching(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        return queryset.filter(pk__in=find_messages(queryset, self.request.user.business_id, value))


class MessageFilter(SearchedMessages):
    class Meta:
        model = Message
        fields = ["whatsapp_number", "conversation", "direction", "origin"]


class MessageOfConversationFilter(SearchedMessages):
    class Meta:
        model = Message
        fields = ["direction", "origin"]
