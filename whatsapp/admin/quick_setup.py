"""The pages of quick setup: what it begins with, then the result of each step, with what is to be entered again."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.numbers import labels
from whatsapp.numbers.issues import issues_of
from whatsapp.numbers.quick_setup import setups
from whatsapp.numbers.quick_setup.labels import STEPS, result_text
from whatsapp.numbers.quick_setup.results import (
    FIRST_STEPS,
    LAST_STEPS,
    NUMBER_STEPS,
    PIN_CODES,
    TOKEN_CODES,
    Result,
    chosen_of,
    is_complete,
    results_of,
)
from whatsapp.phone_numbers import readable_phone

from .quick_setup_forms import BeginForm, RunForm

#: (step, phone number id) → what came of it.
Results = Mapping[tuple[str, str], Result]

#: Of a step: its mark, its label, and a sentence that says what came of it.
Line = tuple[str, str | Promise, str]


class QuickSetupPages:
    """
    The ModelAdmin of numbers holds one, and adds `urls()` to its own. A platform administrator sets nothing up: no
    business is named.
    """

    def __init__(self, model_admin: TenantModelAdmin) -> None:
        self.model_admin = model_admin

    def urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "quick-setup/": (self.begin_view, "quick_setup"),
            "quick-setup/<int:pk>/": (self.setup_view, "setup"),
            "quick-setup/<int:pk>/run/": (self.run_view, "run_setup"),
        }
        wrap = self.model_admin.admin_site.admin_view
        return [
            path(route, wrap(view), name=f"whatsapp_whatsappnumber_{name}") for route, (view, name) in pages.items()
        ]

    def is_allowed(self, request: HttpRequest) -> bool:
        return signed_in(request).business_id is not None and self.model_admin.has_add_permission(request)

    def begin_view(self, request: HttpRequest) -> HttpResponse:
        self._check_allowed(request)
        form = BeginForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._run(request, setups.begin(signed_in(request), **form.cleaned_data))
        return self._page(request, "quick_setup_begin", {"form": form})

    def setup_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        setup = self._setup(request, pk)
        form = RunForm(setup, setups.found_numbers(setup))
        return self._page(request, "quick_setup", _context_of(setup, form))

    @method_decorator(require_POST)
    def run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what is left, for the numbers that are ticked."""
        setup = self._setup(request, pk)
        form = RunForm(setup, setups.found_numbers(setup), request.POST)
        if not form.is_valid():
            return self._page(request, "quick_setup", _context_of(setup, form))
        setups.change(setup, **form.cleaned_data)
        return self._run(request, setup)

    def _run(self, request: HttpRequest, setup: QuickSetup) -> HttpResponse:
        before = set(setups.connected_numbers(setup).values_list("pk", flat=True))
        try:
            setups.run(setup, signed_in(request))
        except Refusal as refusal:
            messages.warning(request, str(refusal))
        for number in setups.connected_numbers(setup).exclude(pk__in=before):
            self.model_admin.log_addition(request, number, gettext("Connected by quick setup."))
        return redirect("admin:whatsapp_whatsappnumber_setup", setup.pk)

    def _setup(self, request: HttpRequest, pk: int) -> QuickSetup:
        """Raises PermissionDenied for who may not set up, and Http404 for a setup of somebody else."""
        self._check_allowed(request)
        user = signed_in(request)
        own = QuickSetup.objects.for_user(user).select_related("business")
        return get_object_or_404(own, pk=pk, created_by=user)

    def _check_allowed(self, request: HttpRequest) -> None:
        if not self.is_allowed(request):
            raise PermissionDenied

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> TemplateResponse:
        context = {
            **self.model_admin.admin_site.each_context(request),
            "opts": self.model_admin.opts,
            "title": gettext("Quick setup"),
            "media": self.model_admin.media,
            **context,
        }
        return TemplateResponse(request, f"admin/whatsapp/whatsappnumber/{name}.html", context)


def _context_of(setup: QuickSetup, form: RunForm) -> dict[str, Any]:
    results = results_of(setup)
    codes = {result.code for result in results.values() if not result.ok}
    connected = [(number, _other_issues(number, codes)) for number in setups.connected_numbers(setup)]
    is_chosen = chosen_of(setup) is not None
    return {
        "setup": setup,
        "is_chosen": is_chosen,
        "form": form,
        "first_steps": _lines(results, FIRST_STEPS),
        "numbers": [_shown(number, form, results) for number in setups.found_numbers(setup)],
        "last_steps": _lines(results, LAST_STEPS),
        "asks_for_token": bool(codes & TOKEN_CODES or form["access_token"].errors),
        "asks_for_secret": "webhook_secret_missing" in codes,
        "asks_for_pin": bool(codes & PIN_CODES or form["pin"].errors or not is_chosen),
        "is_complete": is_complete(setup) and not any(sentences for _number, sentences in connected),
        "is_running": setup.lease_until is not None and setup.lease_until > timezone.now(),
        "connected": connected,
    }


def _other_issues(number: WhatsAppNumber, codes: set[str]) -> list[str]:
    """A connected number's issues, except those that a step has said already: `codes` are those of the steps."""
    return [issue.text for issue in issues_of(number, timezone.now()) if issue.code not in codes]


def _shown(number: Mapping[str, Any], form: RunForm, results: Results) -> dict[str, Any]:
    """A number of the account as the page shows it."""
    return {
        **number,
        "phone": readable_phone(number["phone"]) if number["phone"] else number["id"],
        "state": labels.STATUSES.get(number["status"], number["status"]),
        "is_checked": form.is_checked(number),
        "steps": _lines(results, NUMBER_STEPS, number["id"]),
    }


def _lines(results: Results, steps: Iterable[str], phone_number_id: str = "") -> list[Line]:
    """What came of those of these steps that were reached."""
    reached = [results[step, phone_number_id] for step in steps if (step, phone_number_id) in results]
    return [(_mark(result), STEPS[result.step], result_text(result)) for result in reached]


def _mark(result: Result) -> str:
    """done, failed, or waiting for something else."""
    if result.ok:
        return "done"
    return "waiting" if result.code in ("waits", "later") else "failed"
