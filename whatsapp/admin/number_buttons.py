"""The buttons of a number: switch it on or off, check it at Meta, read its templates."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import health, numbers
from whatsapp.numbers.issues import issues_of

from .template_sync import sync_templates


class NumberButtons:
    """What the buttons of a number do. The ModelAdmin of numbers holds one, and adds `urls()` to its own."""

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "switch": self.switch_view,
            "check": self.check_view,
            "sync-templates": self.sync_templates_view,
        }
        wrap = self.model_admin.admin_site.admin_view
        return [
            path(f"<int:pk>/{name}/", wrap(view), name=f"whatsapp_whatsappnumber_{name.replace('-', '_')}")
            for name, view in views.items()
        ]

    @method_decorator(require_POST)
    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        number = self._number(request, pk)
        self.set_active(request, number, not number.is_active)
        listing = _listing_from(request)
        return HttpResponseRedirect(listing) if listing else _to_page(number)

    @method_decorator(require_POST)
    def check_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        number = self._number(request, pk)
        try:
            health.check(number)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return _to_page(number)
        if found := issues_of(number, timezone.now()):
            messages.warning(request, found[0].text)
        else:
            messages.success(request, gettext("“%(number)s” is in order at Meta.") % {"number": number})
        return _to_page(number)

    @method_decorator(require_POST)
    def sync_templates_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        number = self._number(request, pk)
        sync_templates(request, [number])
        return _to_page(number)

    def set_active(self, request: HttpRequest, number: WhatsAppNumber, is_active: bool) -> None:
        if is_active:
            numbers.activate(number)
            text = gettext("“%(number)s” is on: bots answer and messages go out.")
        else:
            numbers.deactivate(number)
            text = gettext("“%(number)s” is off: incoming messages are kept, bots are silent, nothing is sent.")
        self.model_admin.log_change(
            request, number, gettext("Switched on.") if is_active else gettext("Switched off.")
        )
        messages.success(request, text % {"number": number})

    def _number(self, request: HttpRequest, pk: int) -> WhatsAppNumber:
        """Raises Http404 where there is no such number, and PermissionDenied for who may not change it."""
        return self.model_admin.row_or_404(request, self.model_admin.get_queryset(request), pk, may_change=True)


def _to_page(number: WhatsAppNumber) -> HttpResponse:
    return redirect("admin:whatsapp_whatsappnumber_change", number.pk)


def _listing_from(request: HttpRequest) -> str:
    """The list as it was filtered, when the click was there; else empty."""
    referer = urlsplit(request.headers.get("Referer", ""))
    listing = reverse("admin:whatsapp_whatsappnumber_changelist")
    if referer.path != listing:
        return ""
    return f"{listing}?{referer.query}" if referer.query else listing
