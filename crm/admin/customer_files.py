"""The pages by which customers come from a file and go into one."""

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from crm.customers import file_export, uploads
from crm.customers.spreadsheets import MAX_BYTES, download
from crm.models import CustomerUpload

from .forms import CustomerFileForm

#: Seconds that a page takes to try out a file, or to import it.
PATIENCE = 5


class CustomerFiles:
    """Mix into the ModelAdmin of customers. A platform administrator imports nothing: the file says no business."""

    def get_urls(self):
        pages = {
            "export/": (self.export_view, "export"),
            "import/": (self.import_view, "import"),
            "import/example/": (self.example_view, "import_example"),
            "import/<int:pk>/": (self.upload_view, "import_upload"),
            "import/<int:pk>/apply/": (require_POST(self.apply_view), "import_apply"),
            "import/<int:pk>/mistakes/": (self.mistakes_view, "import_mistakes"),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"crm_customer_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    def changelist_view(self, request, extra_context=None):
        may = {"may_import": self.may_import(request), "may_export": request.user.has_perm("crm.export_customer")}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def may_import(self, request):
        return request.user.business_id is not None and self.has_add_permission(request)

    def export_view(self, request):
        """What the list shows with the same query."""
        if not request.user.has_perm("crm.export_customer"):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:crm_customer_changelist"))
        return file_export.download_customers(shown)

    def import_view(self, request):
        self._check_may_import(request)
        form = CustomerFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                uploaded = uploads.upload(request.user, file.read(MAX_BYTES + 1), file.name)
                uploads.advance(uploaded, PATIENCE)
                return HttpResponseRedirect(reverse("admin:crm_customer_import_upload", args=[uploaded.pk]))
            except Refusal as refusal:
                form.add_error("file", str(refusal))
        return self._page(request, "import", gettext("Import customers from a file"), form=form)

    def example_view(self, request):
        self._check_may_import(request)
        return file_export.download_example()

    def upload_view(self, request, pk):
        uploaded = self._upload(request, pk)
        told = {**uploaded.outcome, "max_mistakes": uploads.MAX_MISTAKES}
        return self._page(request, "import_outcome", uploaded.file_name, uploaded=uploaded, **told)

    def apply_view(self, request, pk):
        """A file of usual length is imported at once; a worker goes on with a long one."""
        uploaded = self._upload(request, pk)
        uploads.start(uploaded)
        uploads.advance(uploaded, PATIENCE)
        if uploaded.applied_at:
            done = uploaded.outcome["created"] + uploaded.outcome["changed"]
            told = ngettext("%(count)d customer imported.", "%(count)d customers imported.", done)
            self.message_user(request, told % {"count": done}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:crm_customer_import_upload", args=[pk]))

    def mistakes_view(self, request, pk):
        mistakes = self._upload(request, pk).mistakes
        rows = [[gettext("Row"), gettext("Mistake")], *([mistake["row"], mistake["error"]] for mistake in mistakes)]
        return download(rows, "mistakes.csv")

    def _upload(self, request, pk):
        self._check_may_import(request)
        own = CustomerUpload.objects.for_user(request.user).without_contents().select_related("business")
        return get_object_or_404(own, pk=pk, uploaded_by=request.user)

    def _check_may_import(self, request):
        if not self.may_import(request):
            raise PermissionDenied

    def _page(self, request, name, title, **context):
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, f"admin/crm/customer/{name}.html", context)
