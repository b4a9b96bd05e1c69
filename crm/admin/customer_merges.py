"""The page on which customers who are one person are merged, and merges are undone."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from crm.customers import duplicates, merge_undo
from crm.customers.duplicates import Pair
from crm.models import Customer, CustomerMerge

#: Pairs, and merges, that the page shows at once.
MAX_SHOWN = 20

#: Customers that may be merged into one at once.
MAX_CHOSEN = 10


class CustomerMerges(TenantModelAdmin):
    """Merging, for the ModelAdmin of customers. What would be merged is shown first."""

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "merge/": (self.merge_view, "merge"),
            "merge/<int:pk>/undo/": (require_POST(self.undo_view), "merge_undo"),
        }
        own = [
            path(address, self.admin_site.admin_view(view), name=f"crm_customer_{name}")
            for address, (view, name) in pages.items()
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"may_merge": self.has_merge_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Whoever merges does it in their own business, and a platform administrator has none."""
        user = signed_in(request)
        return user.business_id is not None and user.has_perm("crm.add_customermerge")

    @admin.action(description=_("Merge the selected customers into one"), permissions=["merge"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Customer]) -> HttpResponse | None:
        pks = [str(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True)[: MAX_CHOSEN + 1]]
        businesses = queryset.order_by().values("business").distinct().count()
        if not 2 <= len(pks) <= MAX_CHOSEN or businesses > 1:
            sentence = gettext("Select 2 to %(most)d customers of one business.") % {"most": MAX_CHOSEN}
            self.message_user(request, sentence, messages.WARNING)
            return None
        return HttpResponseRedirect(f"{reverse('admin:crm_customer_merge')}?ids={','.join(pks)}")

    def merge_view(self, request: HttpRequest) -> HttpResponse:
        """What would be merged: the customers `?ids=` names, else those who are one person. POST merges the chosen."""
        self._check_may_merge(request)
        pairs = self._pairs(request)
        if request.method == "POST":
            chosen = {f"{pair.target.pk}-{pair.source.pk}": pair for pair in pairs}
            self._merge(request, [chosen[key] for key in request.POST.getlist("pair") if key in chosen])
            return HttpResponseRedirect(reverse("admin:crm_customer_merge"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Merge customers"),
            "pairs": [(pair, pair.moving()) for pair in pairs],
            "is_chosen": "ids" in request.GET,
            "merges": self._merges(request).select_related("customer", "merged_by")[:MAX_SHOWN],
        }
        return TemplateResponse(request, "admin/crm/customer/merge.html", context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._check_may_merge(request)
        done = get_object_or_404(self._merges(request), pk=pk)
        try:
            customer = merge_undo.undo(done.pk)
            sentence = gettext("“%(customer)s” is a customer of its own again.") % {"customer": customer}
            self.message_user(request, sentence, messages.SUCCESS)
        except Refusal as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:crm_customer_merge"))

    def _check_may_merge(self, request: HttpRequest) -> None:
        if not self.has_merge_permission(request):
            raise PermissionDenied

    def _merges(self, request: HttpRequest) -> QuerySet[CustomerMerge]:
        """The merges that can be undone."""
        return CustomerMerge.objects.for_user(signed_in(request)).filter(undone_at=None)

    def _pairs(self, request: HttpRequest) -> list[Pair]:
        user = signed_in(request)
        if "ids" not in request.GET:
            assert user.business is not None
            return duplicates.find(user.business, MAX_SHOWN)
        pks = [
            pk for pk in request.GET["ids"].split(",")[:MAX_CHOSEN] if pk.isascii() and pk.isdigit() and len(pk) < 19
        ]
        customers = list(Customer.objects.for_user(user).filter(pk__in=pks))
        return duplicates.pair_up(customers) if len(customers) > 1 else []

    def _merge(self, request: HttpRequest, pairs: list[Pair]) -> None:
        done = [pair for pair in pairs if duplicates.merge_pair(pair, signed_in(request))]
        for pair in done:
            self.log_change(request, pair.target, f"← {pair.source}")
        sentence = ngettext("%(count)d customer was merged.", "%(count)d customers were merged.", len(done))
        self.message_user(request, sentence % {"count": len(done)}, messages.SUCCESS if done else messages.WARNING)
