from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters.rest_framework import ModelChoiceFilter
from drf_spectacular.utils import OpenApiTypes, extend_schema_field

from accounts.tenancy.filters import TenantFilterSet
from accounts.tenancy.scope import scope, signed_in
from whatsapp.models import HeaderFile, MessageTemplate, WhatsAppNumber
from whatsapp.models.template import MessageTemplateQuerySet


class WhatsAppNumberFilter(TenantFilterSet):
    class Meta:
        model = WhatsAppNumber
        fields = ["is_active", "status", "phone_number_id", "waba_id"]


def _own_numbers(request: HttpRequest) -> QuerySet[WhatsAppNumber]:
    return scope(WhatsAppNumber.objects.all(), signed_in(request))


class HeaderFileFilter(TenantFilterSet):
    class Meta:
        model = HeaderFile
        fields = ["whatsapp_number", "kind"]


class MessageTemplateFilter(TenantFilterSet):
    whatsapp_number = ModelChoiceFilter(
        queryset=_own_numbers,
        widget=forms.NumberInput,
        method="of_number",
        help_text="Templates of this number's WhatsApp Business account.",
    )

    class Meta:
        model = MessageTemplate
        fields = ["whatsapp_number", "status", "name"]

    @extend_schema_field(OpenApiTypes.INT)
    def of_number(
        self, queryset: MessageTemplateQuerySet, name: str, number: WhatsAppNumber
    ) -> MessageTemplateQuerySet:
        return queryset.of_number(number)
