"""Writing to a customer who may never have written: the way from a customer's page into a conversation."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import scope, signed_in
from crm.conversations import conversations
from crm.models import Customer
from whatsapp.models import WhatsAppNumber


class WritingFirst(TenantModelAdmin):
    """Writing first, for the ModelAdmin of customers."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.write_view)
        return [path("<int:pk>/write/", view, name="crm_customer_write"), *super().get_urls()]

    def write_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """
        To the customer's latest conversation; where there is none, the numbers of which one begins it. There free text
        is written while the window is open, and a template else.
        """
        customer: Customer = self.row_or_404(request, self.get_queryset(request), pk)
        if not signed_in(request).has_perm("crm.add_message"):
            raise PermissionDenied
        conversation = customer.conversations.first()
        numbers = scope(
            WhatsAppNumber.objects.filter(business=customer.business_id, is_active=True), signed_in(request)
        )
        if request.method == "POST" and conversation is None:
            chosen = request.POST.get("number", "")
            number = numbers.filter(pk=chosen).first() if chosen.isdecimal() and len(chosen) < 19 else None
            if number is None:
                raise Http404
            conversation = conversations.get_or_create(number, customer)
        if conversation:
            return redirect("admin:crm_inbox_conversation", conversation.pk)
        return TemplateResponse(request, "admin/crm/customer/write.html", self._context(request, customer, numbers))

    def _context(self, request: HttpRequest, customer: Customer, numbers: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": _("Write to %(customer)s") % {"customer": customer},
            "opts": self.opts,
            "customer": customer,
            "numbers": numbers,
        }
