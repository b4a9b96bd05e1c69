"""The pages of quick setup: what it begins with, and what came of each step, with what is to be entered again."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
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
    chosen_of,
    is_complete,
    results_of,
)
from whatsapp.phone_numbers import readable_phone

from .quick_setup_forms import BeginForm, GoOnForm


class QuickSetupPages:
    """Mix into the ModelAdmin of numbers. A platform administrator sets nothing up: no business is said."""

    def get_urls(self):
        view = self.admin_site.admin_view
        own = [
            path("quick-setup/", view(self.begin_setup_view), name="whatsapp_whatsappnumber_quick_setup"),
            path("quick-setup/<int:pk>/", view(self.setup_view), name="whatsapp_whatsappnumber_setup"),
            path(
                "quick-setup/<int:pk>/run/",
                view(require_POST(self.run_setup_view)),
                name="whatsapp_whatsappnumber_run_setup",
            ),
        ]
        return own + super().get_urls()

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"may_set_up": self.may_set_up(request), **(extra_context or {})})

    def may_set_up(self, request):
        return request.user.business_id is not None and self.has_add_permission(request)

    def begin_setup_view(self, request):
        self._check_may_set_up(request)
        form = BeginForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._run(request, setups.begin(request.user, **form.cleaned_data))
        return self._setup_page(request, "quick_setup_begin", form=form)

    def setup_view(self, request, pk):
        return self._page_of(request, self._setup(request, pk))

    def run_setup_view(self, request, pk):
        """What is left is done, for the numbers that are ticked."""
        setup = self._setup(request, pk)
        form = GoOnForm(setup, setups.found_numbers(setup), request.POST)
        if not form.is_valid():
            return self._page_of(request, setup, form)
        setups.change(setup, **form.cleaned_data)
        return self._run(request, setup)

    def _run(self, request, setup):
        before = set(setups.connected_numbers(setup).values_list("pk", flat=True))
        try:
            setups.run(setup, request.user)
        except Refusal as refusal:
            messages.warning(request, str(refusal))
        for number in setups.connected_numbers(setup).exclude(pk__in=before):
            self.log_addition(request, number, gettext("Connected by quick setup."))
        return HttpResponseRedirect(reverse("admin:whatsapp_whatsappnumber_setup", args=[setup.pk]))

    def _setup(self, request, pk):
        self._check_may_set_up(request)
        own = QuickSetup.objects.for_user(request.user).select_related("business")
        return get_object_or_404(own, pk=pk, created_by=request.user)

    def _check_may_set_up(self, request):
        if not self.may_set_up(request):
            raise PermissionDenied

    def _page_of(self, request, setup, form=None):
        results = results_of(setup)
        numbers = setups.found_numbers(setup)
        form = form or GoOnForm(setup, numbers)
        codes = {result.code for result in results.values() if not result.ok}
        connected = [(number, _needs_besides(codes, number)) for number in setups.connected_numbers(setup)]
        context = {
            "setup": setup,
            "is_chosen": chosen_of(setup) is not None,
            "form": form,
            "first_steps": lines(results, FIRST_STEPS),
            "numbers": [self._shown(number, form, results) for number in numbers],
            "last_steps": lines(results, LAST_STEPS),
            "asks_for_token": bool(codes & TOKEN_CODES) or bool(form["access_token"].errors),
            "asks_for_secret": "webhook_secret_missing" in codes,
            "asks_for_pin": bool(codes & PIN_CODES) or chosen_of(setup) is None or bool(form["pin"].errors),
            "is_complete": is_complete(setup) and not any(sentences for _number, sentences in connected),
            "is_running": setup.lease_until is not None and setup.lease_until > timezone.now(),
            "connected": connected,
        }
        return self._setup_page(request, "quick_setup", **context)

    def _shown(self, number, form, results):
        status = number["status"]
        return {
            **number,
            "phone": readable_phone(number["phone"]) if number["phone"] else number["id"],
            "state": labels.STATUSES.get(status, status),
            "is_checked": form.is_checked(number),
            "steps": lines(results, NUMBER_STEPS, number["id"]),
        }

    def _setup_page(self, request, name, **context):
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Quick setup"),
            "media": self.media,
            **context,
        }
        return TemplateResponse(request, f"admin/whatsapp/whatsappnumber/{name}.html", context)


def _needs_besides(codes: set[str], number: WhatsAppNumber) -> list[str]:
    """What a connected number needs, but for what a step has told already."""
    return [need.text for need in issues_of(number, timezone.now()) if need.code not in codes]


def lines(results, steps, phone_number_id=""):
    """What came of some steps: (mark, label, sentence) of each that was come to."""
    found = [results[step, phone_number_id] for step in steps if (step, phone_number_id) in results]
    return [(_mark(result), STEPS[result.step], result_text(result)) for result in found]


def _mark(result):
    """done, failed, or waiting for something else."""
    if result.ok:
        return "done"
    return "waiting" if result.code in ("waits", "later") else "failed"
