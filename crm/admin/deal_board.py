"""The board of deals: a column for each stage of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Business, User
from accounts.tenancy.scope import signed_in
from crm.deals import board, deal_customers
from crm.deals.pipelines import Pipelines, pipelines_of
from crm.models import Deal, DealPipeline, DealStage
from crm.models.deal import is_overdue, readable_amount

from .deal_forms import BoardFilter, QuickAddForm

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .deal import DealAdmin


@dataclass
class Board:
    """One request's board: a pipeline of the business, and the deals that the filters leave."""

    model_admin: DealAdmin
    request: HttpRequest
    business: Business

    @cached_property
    def pipelines(self) -> Pipelines:
        return pipelines_of(self.business)

    @cached_property
    def chosen(self) -> tuple[DealPipeline, list[DealStage]] | None:
        """The pipeline that the address names, else the first; None where there is none."""
        wanted = self.request.GET.get("pipeline", "")
        by_pk = {str(pipeline.pk): (pipeline, stages) for pipeline, stages in self.pipelines}
        return by_pk.get(wanted) or next(iter(by_pk.values()), None)

    @cached_property
    def filter(self) -> BoardFilter:
        people = list(User.objects.for_business(self.business).filter(is_active=True).order_by("name", "email"))
        filter_form = BoardFilter(people, self.request.GET)
        filter_form.is_valid()
        return filter_form

    @property
    def is_filtered(self) -> bool:
        values = self.filter.cleaned_data
        return bool(values.get("responsible") or values.get("q") or values.get("overdue"))

    def deals(self) -> QuerySet[Deal]:
        """The deals that the filters leave. What a filter cannot mean filters nothing."""
        values = self.filter.cleaned_data
        deals = self.model_admin.get_queryset(self.request)
        if responsible := values.get("responsible"):
            me = signed_in(self.request).pk
            person = {BoardFilter.MINE: me, BoardFilter.NOBODYS: None}.get(responsible, responsible)
            deals = deals.filter(responsible=person)
        if values.get("overdue"):
            deals = deals.filter(is_overdue())
        if text := values.get("q"):
            deals, _may_repeat = self.model_admin.get_search_results(self.request, deals, text)
        return deals

    def columns(self) -> list[board.Column]:
        return board.columns_of(self.deals(), self.chosen[1] if self.chosen else [])

    def heads(self) -> list[dict[str, Any]]:
        """What stands above each column, for the page's script after a move."""
        stages = self.chosen[1] if self.chosen else []
        return [
            {"stage": total.stage.pk, "count": total.count, "amounts": amounts_of(total)}
            for total in board.totals_of(self.deals().filter(stage__in=stages), stages)
        ]

    @cached_property
    def card_context(self) -> dict[str, Any]:
        """What each card needs besides its deal."""
        query = self.request.GET.copy()
        query.pop("after", None)
        return {
            # Once, and not for each of a hundred cards.
            "stage_options": render_to_string("admin/crm/deal/stage_options.html", {"pipelines": self.pipelines}),
            "may_change": self.model_admin.has_change_permission(self.request),
            "board_query": query.urlencode(),
        }

    def card(self, deal: Deal) -> str:
        return render_to_string("admin/crm/deal/card.html", {**self.card_context, "deal": deal}, request=self.request)


class DealBoard:
    """The views of the board, for the ModelAdmin of deals."""

    def __init__(self, model_admin: DealAdmin) -> None:
        self.model_admin = model_admin

    def board_view(self, request: HttpRequest) -> HttpResponse:
        """The board of the first pipeline, or of `?pipeline=`. A platform administrator has none, but the list."""
        self.model_admin.check_may_view(request)
        business = signed_in(request).business
        if business is None:
            return redirect("admin:crm_deal_changelist")
        return TemplateResponse(request, "admin/crm/deal/board.html", self._context(request, business))

    def _context(self, request: HttpRequest, business: Business) -> dict[str, Any]:
        shown = Board(self.model_admin, request, business)
        may_add = self.model_admin.has_add_permission(request)
        return {
            **self.model_admin.admin_site.each_context(request),
            **shown.card_context,
            "title": _("Deals"),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "chosen": shown.chosen and shown.chosen[0],
            "tabs": _tabs(request, shown),
            "columns": [(column, amounts_of(column.total)) for column in shown.columns()],
            "filter": shown.filter,
            "is_filtered": shown.is_filtered,
            "may_add": may_add,
            "quick_add": QuickAddForm(business) if may_add else None,
            "may_edit_stages": request.user.has_perm("crm.change_dealpipeline"),
        }

    def column_view(self, request: HttpRequest) -> HttpResponse:
        """The cards below the deal `?after=`, as a fragment of HTML. A header says whether there are more."""
        shown = self._board(request)
        after = request.GET.get("after", "")
        known = after.isdecimal() and len(after) < 19
        last = self.model_admin.get_queryset(request).filter(pk=after if known else 0).first()
        # The last card that a page shows may have been moved meanwhile.
        if last is None or request.GET.get("stage", str(last.stage_id)) != str(last.stage_id):
            raise Http404
        cards = board.cards_after(shown.deals(), last)
        html = "".join(shown.card(deal) for deal in cards[: board.MAX_CARDS])
        return HttpResponse(html, headers={"X-More": "yes" if len(cards) > board.MAX_CARDS else "no"})

    def customers_view(self, request: HttpRequest) -> HttpResponse:
        """The customers that `?term=` may mean."""
        shown = self._board(request)
        return JsonResponse({"results": deal_customers.suggestions(shown.business, request.GET.get("term", "")[:100])})

    def _board(self, request: HttpRequest) -> Board:
        self.model_admin.check_may_view(request)
        business = signed_in(request).business
        if business is None:
            raise Http404
        return Board(self.model_admin, request, business)


def amounts_of(total: board.StageTotal) -> list[str]:
    """The sums of a stage as people read them, one a currency."""
    return [readable_amount(amount, currency) for currency, amount in total.sums.items()]


def _tabs(request: HttpRequest, shown: Board) -> list[dict[str, Any]]:
    """The pipelines, each with the address of its board under the same filters."""
    tabs = []
    for pipeline, _stages in shown.pipelines:
        query = request.GET.copy()
        query["pipeline"] = str(pipeline.pk)
        address = f"{reverse('admin:crm_deal_board')}?{query.urlencode()}"
        is_chosen = bool(shown.chosen and shown.chosen[0].pk == pipeline.pk)
        tabs.append({"name": pipeline.name, "url": address, "is_chosen": is_chosen})
    return tabs
