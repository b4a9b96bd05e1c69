"""The page on which the conversations of a number are exported to files."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext

from accounts.refusals import Refusal
from accounts.tenancy.live_page import LivePage
from accounts.tenancy.scope import scope, signed_in
from crm.conversations import export_formats, export_job, exports
from crm.models import ConversationExport
from whatsapp.models import WhatsAppNumber


class ExportsPage(LivePage[WhatsAppNumber]):
    """The page of a number's exports, which belongs to the ModelAdmin of conversations."""

    template = "admin/crm/conversationexport/page.html"
    live_template = "admin/crm/conversationexport/live.html"

    def urls(self) -> list[URLPattern]:
        views: dict[str, tuple[Callable[..., HttpResponseBase], str]] = {
            "export/<int:pk>/": (self.export_view, "crm_export_conversations"),
            "exports/<int:pk>/": (self.page_view, "crm_conversation_exports"),
            "exports/<int:pk>/live/": (self.live_view, "crm_conversation_exports_live"),
            "exports/files/<int:pk>/": (self.export_file_view, "crm_conversation_export_file"),
        }
        wrap = self.model_admin.admin_site.admin_view
        return [path(route, wrap(view), name=name) for route, (view, name) in views.items()]

    def row(self, request: HttpRequest, pk: Any, may_change: bool = False) -> WhatsAppNumber:
        """The number whose conversations are exported, for who may export."""
        _check_may_export(request)
        numbers = scope(WhatsAppNumber.objects.select_related("business"), signed_in(request))
        return get_object_or_404(numbers, pk=pk)

    def page_context(self, request: HttpRequest, row: WhatsAppNumber) -> dict[str, Any]:
        return {
            "opts": row._meta,
            "title": gettext("Export conversations"),
            "formats": ConversationExport.Format,
            "days_kept": export_job.RETENTION.days,
        }

    def live_context(self, request: HttpRequest, row: WhatsAppNumber) -> dict[str, Any]:
        files = list(row.conversation_exports.select_related("requested_by"))
        return {"number": row, "exports": files, "is_under_way": any(not export.finished_at for export in files)}

    def page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.show(request, self.row(request, pk))

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """All conversations of a number as a file: `?as=csv` or `?as=jsonl`. A large one is written by a job."""
        number = self.row(request, pk)
        file_format = request.GET.get("as", "csv")
        if file_format not in ConversationExport.Format.values:
            raise Http404
        if not exports.is_large(number):
            return exports.download(number, file_format)
        try:
            exports.request(number, signed_in(request), file_format)
        except Refusal as refusal:
            self.refuse(request, refusal)
        return redirect("admin:crm_conversation_exports", number.pk)

    def export_file_view(self, request: HttpRequest, pk: int) -> FileResponse:
        _check_may_export(request)
        finished = scope(ConversationExport.objects.exclude(finished_at=None), signed_in(request))
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


def _check_may_export(request: HttpRequest) -> None:
    if not signed_in(request).has_perm("crm.export_conversation"):
        raise PermissionDenied
