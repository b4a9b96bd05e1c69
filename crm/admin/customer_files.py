"""The pages that import customers from a file, and export them to one."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from crm.customers.files import column_mappings, file_export, uploads
from crm.customers.files.spreadsheets import MAX_BYTES, download
from crm.customers.known_attributes import attribute_names
from crm.models import CustomerUpload

from .columns_form import ColumnsForm
from .forms import CustomerFileForm

#: Seconds that a page works on a file before workers do the rest.
PAGE_TIMEOUT = 5


class CustomerFiles(TenantModelAdmin):
    """
    Import and export, for the ModelAdmin of customers. A platform administrator imports nothing: a file names no
    business.
    """

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[Callable[..., HttpResponseBase], str]] = {
            "export/": (self.export_view, "export"),
            "import/": (self.import_view, "import"),
            "import/example/": (self.example_view, "import_example"),
            "import/<int:pk>/": (self.upload_view, "import_upload"),
            "import/<int:pk>/columns/": (self.columns_view, "import_columns"),
            "import/<int:pk>/apply/": (require_POST(self.apply_view), "import_apply"),
            "import/<int:pk>/mistakes/": (self.mistakes_view, "import_mistakes"),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"crm_customer_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_import": self._may_import(request), "may_export": request.user.has_perm("crm.export_customer")}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def _may_import(self, request: HttpRequest) -> bool:
        return signed_in(request).business_id is not None and self.has_add_permission(request)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows with the same query."""
        if not request.user.has_perm("crm.export_customer"):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:crm_customer_changelist"))
        return file_export.download_customers(shown)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        self._check_may_import(request)
        form = CustomerFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                uploaded = uploads.upload(signed_in(request), file.read(MAX_BYTES + 1), file.name)
                uploads.advance(uploaded, PAGE_TIMEOUT)
                return _to_page("columns" if uploaded.waits_for_columns else "upload", uploaded)
            except Refusal as refusal:
                form.add_error("file", str(refusal))
        return self._page(request, "import", gettext("Import customers from a file"), form=form)

    def example_view(self, request: HttpRequest) -> HttpResponseBase:
        self._check_may_import(request)
        return file_export.download_example()

    def upload_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        uploaded = self._upload(request, pk)
        if uploaded.waits_for_columns:
            return _to_page("columns", uploaded)
        outcome = {**uploaded.outcome, "max_mistakes": uploads.MAX_MISTAKES}
        return self._page(request, "import_outcome", uploaded.file_name, uploaded=uploaded, **outcome)

    def columns_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What the columns of the file are: asked where it is not clear, and to be changed until it is imported."""
        uploaded = self._upload(request, pk)
        if uploaded.started_at:
            return _to_page("upload", uploaded)
        table, business = uploads.table(uploaded), uploaded.business
        form = ColumnsForm(request.POST or None, table.described(), uploaded, attribute_names(business))
        if form.is_valid():
            try:
                uploads.choose_columns(uploaded, form.columns())
                uploads.advance(uploaded, PAGE_TIMEOUT)
                return _to_page("upload", uploaded)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
        asked = column_mappings.doubts(business, table) if uploaded.waits_for_columns else []
        context = {"uploaded": uploaded, "doubts": asked, "has_headings": bool(table.heading_row)}
        return self._page(request, "import_columns", uploaded.file_name, form=form, **context)

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A file of usual length is imported at once; a worker goes on with a long one."""
        uploaded = self._upload(request, pk)
        uploads.start(uploaded)
        uploads.advance(uploaded, PAGE_TIMEOUT)
        if uploaded.applied_at:
            done = uploaded.outcome["created"] + uploaded.outcome["changed"]
            sentence = ngettext("%(count)d customer imported.", "%(count)d customers imported.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)
        return _to_page("upload", uploaded)

    def mistakes_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        mistakes = self._upload(request, pk).mistakes
        rows = [[gettext("Row"), gettext("Mistake")], *([mistake["row"], mistake["error"]] for mistake in mistakes)]
        return download(rows, "mistakes.csv")

    def _upload(self, request: HttpRequest, pk: int) -> CustomerUpload:
        self._check_may_import(request)
        own = CustomerUpload.objects.for_user(signed_in(request)).without_contents().select_related("business")
        return get_object_or_404(own, pk=pk, uploaded_by=request.user)

    def _check_may_import(self, request: HttpRequest) -> None:
        if not self._may_import(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"admin/crm/customer/{name}.html", context)


def _to_page(name: str, uploaded: CustomerUpload) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:crm_customer_import_{name}", args=[uploaded.pk]))
