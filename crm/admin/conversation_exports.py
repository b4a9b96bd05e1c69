"""The page on which the conversations of a number are exported to files."""

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.http import conditional_page, require_GET

from accounts.models import User
from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import scope
from crm.conversations import export_formats, export_job, exports
from crm.models import ConversationExport
from whatsapp.models import WhatsAppNumber


class ConversationExports(TenantModelAdmin):
    """The pages of exports, for the ModelAdmin of conversations."""

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "export/<int:number_pk>/": (self.export_view, "crm_export_conversations"),
            "exports/<int:number_pk>/": (self.exports_view, "crm_conversation_exports"),
            "exports/<int:number_pk>/live/": (self.live_exports_view, "crm_conversation_exports_live"),
            "exports/files/<int:pk>/": (self.export_file_view, "crm_conversation_export_file"),
        }
        own = [path(address, self.admin_site.admin_view(view), name=name) for address, (view, name) in pages.items()]
        return own + super().get_urls()

    def export_view(self, request: HttpRequest, number_pk: int) -> HttpResponseBase:
        """All conversations of a number as a file: `?as=csv` or `?as=jsonl`. A large one is written by a job."""
        number = self._number_to_export(request, number_pk)
        file_format = request.GET.get("as", "csv")
        if file_format not in ConversationExport.Format.values:
            raise Http404
        if not exports.is_large(number):
            return exports.download(number, file_format)
        try:
            exports.request(number, cast(User, request.user), file_format)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:crm_conversation_exports", args=[number.pk]))

    def exports_view(self, request: HttpRequest, number_pk: int) -> HttpResponse:
        number = self._number_to_export(request, number_pk)
        context = {
            **self.admin_site.each_context(request),
            **self._live_exports(number),
            "opts": number._meta,
            "title": gettext("Export conversations"),
            "formats": ConversationExport.Format,
            "days_kept": export_job.RETENTION.days,
        }
        return TemplateResponse(request, "admin/crm/conversationexport/page.html", context)

    @method_decorator([require_GET, conditional_page])
    def live_exports_view(self, request: HttpRequest, number_pk: int) -> HttpResponse:
        """What changes by itself, as a fragment of HTML; 304 while nothing did."""
        number = self._number_to_export(request, number_pk)
        return render(request, "admin/crm/conversationexport/live.html", self._live_exports(number))

    def export_file_view(self, request: HttpRequest, pk: int) -> FileResponse:
        self._check_may_export(request)
        finished = scope(ConversationExport.objects.exclude(finished_at=None), request.user)
        export = get_object_or_404(finished.select_related("whatsapp_number"), pk=pk)
        try:
            file = export.file.open("rb")
        except FileNotFoundError:
            raise Http404 from None
        name = exports.file_name(export.whatsapp_number, export.format, export.conversations, export.done)
        return FileResponse(
            file,
            as_attachment=True,
            filename=name,
            content_type=export_formats.FORMATS[export.format].content_type,
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
        )

    def _live_exports(self, number: WhatsAppNumber) -> dict[str, Any]:
        files = list(number.conversation_exports.select_related("requested_by"))
        return {
            "number": number,
            "exports": files,
            "is_under_way": any(not export.finished_at for export in files),
        }

    def _number_to_export(self, request: HttpRequest, pk: int) -> WhatsAppNumber:
        self._check_may_export(request)
        return get_object_or_404(scope(WhatsAppNumber.objects.select_related("business"), request.user), pk=pk)

    def _check_may_export(self, request: HttpRequest) -> None:
        if not request.user.has_perm("crm.export_conversation"):
            raise PermissionDenied
