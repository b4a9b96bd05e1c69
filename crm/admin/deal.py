from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.tenancy.scope import signed_in
from crm.deals import deals
from crm.deals.pipelines import first_stage
from crm.models import Deal

from .deal_board import DealBoard, amounts_of
from .deal_forms import DealForm
from .deal_moves import DealMoves
from .searching import CustomerSearch


@admin.register(Deal)
class DealAdmin(CustomerSearch):
    form = DealForm
    list_display = ["title", "customer", "price", "stage", "responsible", "next_step_due", "created_at"]
    list_filter = ["stage__pipeline", "stage", "stage__kind", "responsible"]
    change_list_template = "admin/crm/deal/change_list.html"
    list_select_related = ["customer", "stage", "responsible"]
    search_fields = ["customer__search_text"]
    search_help_text = _("Name or phone of the customer")
    autocomplete_fields = ["customer", "conversation"]
    fieldsets = [
        (pgettext_lazy("deal", "What"), {"fields": ["title", ("amount", "currency")]}),
        (pgettext_lazy("deal", "Who"), {"fields": ["customer", "conversation", "responsible"]}),
        (_("Where it stands"), {"fields": ["stage", "lost_reason"]}),
        (_("Next step"), {"fields": ["next_step", "next_step_at"]}),
    ]
    actions = ["move_selected"]
    extra_lookups = frozenset({"customer__id__exact"})
    empty_text = _("No deals yet. Add one here, or let a scenario make them.")

    def get_urls(self) -> list[URLPattern]:
        view, board, moves = self.admin_site.admin_view, DealBoard(self), DealMoves(self)
        return [
            path("board/", view(require_GET(board.board_view)), name="crm_deal_board"),
            path("board/column/", view(require_GET(board.column_view)), name="crm_deal_column"),
            path("board/customers/", view(require_GET(board.customers_view)), name="crm_deal_customers"),
            path("quick-add/", view(require_POST(moves.quick_add_view)), name="crm_deal_quick_add"),
            path("<int:pk>/move/", view(moves.move_view), name="crm_deal_move"),
            *super().get_urls(),
        ]

    def check_may_view(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Beside a customer one adds another; stages and people are looked after on their own pages."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("stage", "responsible", "conversation", "customer"):
            widget = field.widget
            widget.can_change_related = widget.can_delete_related = False
            widget.can_add_related = widget.can_add_related and db_field.name == "customer"
            widget.can_view_related = widget.can_view_related and db_field.name in ("customer", "conversation")
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if business := signed_in(request).business:
            stage = first_stage(business)
            own = {"currency": business.currency, "stage": stage.pk if stage else "", "responsible": request.user.pk}
            initial = {**own, **initial}
        return initial

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Stages in the order of a board."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "stage":
            field.queryset = field.queryset.order_by("pipeline__position", "pipeline", "position", "pk")
        return field

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Above the list, what is in each stage. A platform administrator sees the stages of no business."""
        business = signed_in(request).business
        board = [_board_column(total) for total in deals.totals(business)] if business else []
        context = {"board": board, "has_board": business is not None, **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.action(description=_("Move the selected deals to a stage"), permissions=["change"])
    def move_selected(self, request: HttpRequest, queryset: QuerySet[Deal]) -> HttpResponse | None:
        return DealMoves(self).move_selected(request, queryset)

    @admin.display(description=_("amount"), ordering="amount")
    def price(self, deal: Deal) -> str:
        return deal.price

    @admin.display(description=_("next step"), ordering=F("next_step_at").asc(nulls_last=True), empty_value="—")
    def next_step_due(self, deal: Deal) -> str | None:
        """What is to be done, and until when; marked when it should have been done."""
        if deal.next_step_at is None:
            return deal.next_step or None
        day = date_format(timezone.localtime(deal.next_step_at), "SHORT_DATETIME_FORMAT")
        late = " overdue" if deal.is_overdue else ""
        return format_html('{} <time class="deal-due{}">{}</time>', deal.next_step, late, day)


def _board_column(total: deals.StageTotal) -> dict[str, Any]:
    return {
        "name": total.stage.name,
        "kind": total.stage.kind,
        "count": total.count,
        "amounts": amounts_of(total),
        "url": f"{reverse('admin:crm_deal_changelist')}?stage__id__exact={total.stage.pk}",
    }
