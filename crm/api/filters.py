from django.db.models import QuerySet
from django_filters.rest_framework import CharFilter

from accounts.tenancy.filters import TenantFilterSet
from crm.customers.search import matching
from crm.customers.tags import find_tags
from crm.models import Conversation, Customer, Message, Tag


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
    class Meta:
        model = Conversation
        fields = ["status", "whatsapp_number", "assignee", "customer"]


class MessageFilter(TenantFilterSet):
    class Meta:
        model = Message
        fields = ["whatsapp_number", "conversation", "direction", "origin"]


class MessageOfConversationFilter(TenantFilterSet):
    class Meta:
        model = Message
        fields = ["direction", "origin"]
