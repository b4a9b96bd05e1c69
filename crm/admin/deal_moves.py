"""Moving deals and adding them in passing: what the board, the list and the pane beside a conversation post."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext

from accounts.models import Business
from accounts.refusals import Refusal
from accounts.tenancy.revision_form import revision_shown
from accounts.tenancy.scope import signed_in
from crm.deals import deals
from crm.deals.deal_customers import customer_of
from crm.deals.pipelines import pipelines_of
from crm.models import Conversation, Customer, Deal

from .deal_board import Board
from .deal_forms import MoveForm, QuickAddForm

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .deal import DealAdmin

#: Deals that are moved together at most.
MAX_MOVED = 500


class DealMoves:
    """
    Its views answer as the post asks: `answer=board` with JSON for the board's script, `answer=pane` with the deals of
    a customer as a fragment; without it they lead back to `next`, as forms do where there are no scripts.
    """

    def __init__(self, model_admin: DealAdmin) -> None:
        self.model_admin = model_admin

    # Moving one

    def move_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST puts a deal into a stage. GET, and a lost deal without a reason, show the form that asks for both."""
        queryset = self.model_admin.get_queryset(request).select_related("stage", "customer", "business")
        deal = self.model_admin.row_or_404(request, queryset, pk, may_change=True)
        form = MoveForm(deal.business, pipelines_of(deal.business), request.POST or None, initial=request.GET.dict())
        if request.method == "POST" and self._is_moved(request, deal, form):
            return self._answer(request, deal)
        if request.method == "POST" and request.POST.get("answer"):
            return _refused(form)
        return self._form_page(request, form, title=str(deal), deal=deal)

    def _is_moved(self, request: HttpRequest, deal: Deal, form: MoveForm) -> bool:
        """Whether it was moved; else the form has the reason why not."""
        if not form.is_valid():
            return False
        try:
            deal.expect(revision_shown(request))
            deals.move(deal, form.cleaned_data["stage"], signed_in(request), form.cleaned_data["lost_reason"])
        except (Refusal, ValidationError) as refusal:
            _add_refusal(form, refusal)
        return not form.errors

    # Moving many

    def move_selected(self, request: HttpRequest, queryset: QuerySet[Deal]) -> HttpResponse | None:
        """The list's action: asks where to, then moves."""
        business = signed_in(request).business
        count = queryset.order_by().count()
        if business is None or count > MAX_MOVED:
            sentence = gettext("Select up to %(most)d deals of one business.") % {"most": MAX_MOVED}
            self.model_admin.message_user(request, sentence, messages.WARNING)
            return None
        posted = request.POST if "stage" in request.POST else None
        form = MoveForm(business, pipelines_of(business), posted)
        if posted and self._are_moved(request, queryset, form):
            sentence = ngettext("%(count)d deal was moved.", "%(count)d deals were moved.", count) % {"count": count}
            self.model_admin.message_user(request, sentence, messages.SUCCESS)
            return None
        return self._form_page(request, form, title=gettext("Move deals"), selected=queryset, count=count)

    def _are_moved(self, request: HttpRequest, queryset: QuerySet[Deal], form: MoveForm) -> bool:
        """Whether all of them were moved; else none was, and the form has the reason."""
        if not form.is_valid():
            return False
        try:
            with transaction.atomic():
                for deal in queryset.select_related("stage", "customer"):
                    deals.move(deal, form.cleaned_data["stage"], signed_in(request), form.cleaned_data["lost_reason"])
        except (Refusal, ValidationError) as refusal:
            _add_refusal(form, refusal)
        return not form.errors

    # Adding one

    def quick_add_view(self, request: HttpRequest) -> HttpResponse:
        """POST adds a deal, once however often it is pressed."""
        business = signed_in(request).business
        if business is None or not self.model_admin.has_add_permission(request):
            raise PermissionDenied
        form = QuickAddForm(business, request.POST)
        deal = self._added(request, business, form) if form.is_valid() else None
        if deal is None and form.errors:
            return _refused(form) if request.POST.get("answer") else _to_the_long_form(request, form)
        customer = form.cleaned_data["customer"]
        if deal is None and customer and request.POST.get("answer") == "pane":
            return self._pane(request, customer, form.cleaned_data["conversation"], 201)
        return self._answer(request, deal, status=201)

    def _added(self, request: HttpRequest, business: Business, form: QuickAddForm) -> Deal | None:
        """The new deal; None where the form was sent before, or has the reason why there is none."""
        values, user = form.cleaned_data, signed_in(request)
        try:
            with transaction.atomic():
                if not form.is_first(user):
                    return None
                customer = values["customer"] or customer_of(business, values["customer_text"])
                deal = deals.quick_add(
                    customer, values["title"], values["amount"], user, values["stage"], values["conversation"]
                )
        except (Refusal, ValidationError) as refusal:
            _add_refusal(form, refusal)
            return None
        self.model_admin.log_addition(request, deal, [{"added": {}}])
        return deal

    # Answers

    def _answer(self, request: HttpRequest, deal: Deal | None, status: int = 200) -> HttpResponse:
        answer = request.POST.get("answer", "")
        if answer == "board":
            return self._board_answer(request, deal, status)
        if answer == "pane" and deal is not None:
            return self._pane(request, deal.customer, deal.conversation, status)
        return HttpResponseRedirect(self._way_back(request))

    def _board_answer(self, request: HttpRequest, deal: Deal | None, status: int) -> HttpResponse:
        """The card as it is now, and what stands above the columns."""
        shown = Board(self.model_admin, request, cast(Business, signed_in(request).business or deal and deal.business))
        card = shown.card(deal) if deal else ""
        answer = {"is_done": True, "card": card, "heads": shown.heads(), "idempotency_key": str(uuid4())}
        return JsonResponse({**answer, "stage": deal and deal.stage_id}, status=status)

    def _pane(
        self, request: HttpRequest, customer: Customer, conversation: Conversation | None, status: int
    ) -> HttpResponse:
        shown = request.POST.get("conversation", "")
        known = customer.conversations.filter(pk=shown if shown.isdecimal() and len(shown) < 19 else 0).first()
        context = {"customer": customer, "conversation": known or conversation}
        return render(request, "admin/crm/deal/customer_deals.html", context, status=status)

    def _way_back(self, request: HttpRequest) -> str:
        wanted = request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
        return wanted if is_ours else reverse("admin:crm_deal_board")

    def _form_page(self, request: HttpRequest, form: MoveForm, **extra: Any) -> HttpResponse:
        context = {
            **self.model_admin.admin_site.each_context(request),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "form": form,
            "next": request.POST.get("next", ""),
            **extra,
        }
        return TemplateResponse(request, "admin/crm/deal/move.html", context)


def _add_refusal(form: MoveForm | QuickAddForm, refusal: Refusal | ValidationError) -> None:
    """Add it to the errors of the fields it names, or of the form."""
    if isinstance(refusal, Refusal):
        form.add_error(None, str(refusal))
        return
    by_field = getattr(refusal, "error_dict", {})
    for name, errors in by_field.items():
        form.add_error(name if name in form.fields else None, errors)
    if not by_field:
        form.add_error("customer_text" if "customer_text" in form.fields else None, refusal)


def _refused(form: MoveForm | QuickAddForm) -> HttpResponse:
    """Why it was not done: a sentence, and the field it is about. A 200, as of a form that is shown again."""
    errors = {name: [str(sentence) for sentence in sentences] for name, sentences in form.errors.items()}
    return JsonResponse({"is_done": False, "detail": _sentences(form), "errors": errors})


def _sentences(form: MoveForm | QuickAddForm) -> str:
    return " ".join(str(sentence) for errors in form.errors.values() for sentence in errors)


def _to_the_long_form(request: HttpRequest, form: QuickAddForm) -> HttpResponse:
    """The page that adds a deal, with what was typed, and the sentence that says what is missing."""
    messages.error(request, _sentences(form))
    query = QueryDict(mutable=True)
    names = ("title", "stage", "customer", "conversation")
    query.update({name: request.POST[name] for name in names if name in request.POST})
    return HttpResponseRedirect(f"{reverse('admin:crm_deal_add')}?{query.urlencode()}")
