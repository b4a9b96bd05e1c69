"""The page of one planned or started broadcast: how far it is, which updates by itself, and its buttons."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import conditional_page, require_GET, require_POST

from accounts.refusals import Refusal
from broadcasts import drafts, lifecycle
from broadcasts.labels import audience_in_words, duration_in_words, preview_of, why_number_waits
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.progress import STATES, progress
from whatsapp.sending import ledger

from .forms import TestForm, refuse_other_count

Status = Broadcast.Status

#: From so many recipients on, starting asks to type their number.
MANY = 1000

#: As many messages of unknown fate are shown with their buttons.
UNKNOWN_SHOWN = 20

#: The buttons: name → what it is called, and what it does with the broadcast for the person who pressed it.
VERBS = {
    "start": (gettext_lazy("Start"), lambda broadcast, user: lifecycle.start(broadcast)),
    "edit": (gettext_lazy("Change the draft"), lambda broadcast, user: drafts.change(broadcast)),
    "pause": (gettext_lazy("Pause"), lifecycle.pause),
    "resume": (gettext_lazy("Resume"), lambda broadcast, user: lifecycle.resume(broadcast)),
    "cancel": (gettext_lazy("Cancel the broadcast"), lambda broadcast, user: lifecycle.cancel(broadcast)),
    "retry_failed": (gettext_lazy("Retry the failed ones"), lambda broadcast, user: lifecycle.retry_failed(broadcast)),
    "count_unknown_as_sent": (
        gettext_lazy("Count all as sent"),
        lambda broadcast, user: lifecycle.count_unknown_as_sent(broadcast),
    ),
    "send_unknown_again": (
        gettext_lazy("Send all again, they may arrive twice"),
        lambda broadcast, user: lifecycle.send_unknown_again(broadcast),
    ),
}

#: The buttons for all messages of unknown fate together.
FOR_UNKNOWN = ["count_unknown_as_sent", "send_unknown_again"]

#: The buttons of each state. Cancelling is asked about first.
BUTTONS = {
    Status.PLANNED: ["start", "edit"],
    Status.PLANNING: ["cancel"],
    Status.SCHEDULED: ["pause", "cancel"],
    Status.SENDING: ["pause", "cancel"],
    Status.PAUSED: ["resume", "cancel"],
    Status.DONE: [],
    Status.CANCELLED: [],
}

#: What a person may decide about a message of which it is unknown whether it went out.
DECISIONS = {
    "count_as_sent": (gettext_lazy("Count as sent"), ledger.count_as_sent),
    "send_again": (gettext_lazy("Send again, it may arrive twice"), lifecycle.send_again),
}


class BroadcastPage:
    """The change page of broadcasts that are no drafts any more, for their ModelAdmin."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/live/", view(self.live_view), name="broadcasts_broadcast_live"),
            path("<int:pk>/act/", view(self.act_view), name="broadcasts_broadcast_act"),
            path("<int:pk>/test/", view(self.test_view), name="broadcasts_broadcast_test"),
            path("<int:pk>/decide/<int:message_pk>/", view(self.decide_view), name="broadcasts_broadcast_decide"),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        broadcast = self.get_object(request, object_id)
        is_draft = broadcast is None or broadcast.status == Status.DRAFT
        if is_draft and self.has_change_permission(request, broadcast):
            return super().change_view(request, object_id, form_url, extra_context)
        broadcast = self._broadcast(request, object_id, may_change=request.method == "POST")
        if request.method == "POST":
            self._tell_refusal(request, drafts.not_editable(broadcast))
            return self._back(broadcast)
        context = {
            **self.admin_site.each_context(request),
            **self._live_context(request, broadcast),
            "title": broadcast.name,
            "opts": self.opts,
            "original": broadcast,
            "media": self.media,
            "audience": audience_in_words(broadcast.audience),
            "preview": preview_of(broadcast),
            "test_form": TestForm(country=broadcast.business.country),
            "may_change": self.has_change_permission(request, broadcast),
            "may_delete": self.has_delete_permission(request, broadcast),
        }
        return TemplateResponse(request, "admin/broadcasts/broadcast/page.html", context)

    @method_decorator([require_GET, conditional_page])
    def live_view(self, request, pk):
        """What changes by itself, as a fragment of HTML; 304 while nothing did."""
        broadcast = self._broadcast(request, pk)
        return render(request, "admin/broadcasts/broadcast/live.html", self._live_context(request, broadcast))

    @method_decorator(require_POST)
    def act_view(self, request, pk):
        """A button: one of VERBS."""
        broadcast = self._broadcast(request, pk, may_change=True)
        verb = request.POST.get("verb")
        if verb not in VERBS:
            raise Http404
        label, do = VERBS[verb]
        try:
            if verb == "start":
                self._check_count(request, broadcast)
            do(broadcast, request.user)
        except (Refusal, ValidationError) as refusal:
            self._tell_refusal(request, refusal)
        else:
            self.log_change(request, broadcast, str(label))
        return self._back(broadcast)

    @method_decorator(require_POST)
    def test_view(self, request, pk):
        """Send one message to the phone that was typed in."""
        broadcast = self._broadcast(request, pk, may_change=True)
        form = TestForm(request.POST, country=broadcast.business.country)
        if not form.is_valid():
            messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
            return self._back(broadcast)
        try:
            with transaction.atomic():
                if form.is_first(request.user):
                    drafts.send_test(broadcast, form.cleaned_data["to"], request.user)
        except (Refusal, ValidationError) as refusal:
            self._tell_refusal(request, refusal)
        else:
            messages.success(request, _("The test is on its way to %(phone)s.") % {"phone": form.cleaned_data["to"]})
        return self._back(broadcast)

    @method_decorator(require_POST)
    def decide_view(self, request, pk, message_pk):
        """A button on a message of unknown fate: one of DECISIONS."""
        broadcast = self._broadcast(request, pk, may_change=True)
        message = get_object_or_404(broadcast.messages, pk=message_pk)
        decision = request.POST.get("decision")
        if decision not in DECISIONS:
            raise Http404
        label, decide = DECISIONS[decision]
        try:
            decide(message)
        except Refusal as refusal:
            self._tell_refusal(request, refusal)
        else:
            self.log_change(request, broadcast, f"{label}: {message.customer}")
        return self._back(broadcast)

    def _broadcast(self, request, pk, may_change=False):
        related = ("whatsapp_number__business__subscription", "template", "business")
        return self.row_or_404(request, self.get_queryset(request).select_related(*related), pk, may_change)

    def _check_count(self, request, broadcast):
        count = broadcast.messages.filter(status=BroadcastMessage.Status.PLANNED).count()
        if count > MANY:
            refuse_other_count(request.POST.get("recipients", ""), count)

    def _tell_refusal(self, request, refusal):
        messages.error(request, str(refusal) if isinstance(refusal, Refusal) else " ".join(refusal.messages))

    def _back(self, broadcast):
        return redirect("admin:broadcasts_broadcast_change", broadcast.pk)

    def _live_context(self, request, broadcast):
        told = progress(broadcast)
        may_change = self.has_change_permission(request, broadcast)
        unknown = broadcast.messages.filter(status=BroadcastMessage.Status.UNKNOWN).select_related("customer")
        recipients_url = reverse("admin:broadcasts_broadcastmessage_changelist")
        return {
            "broadcast": broadcast,
            "progress": told,
            "states": [(state, state.label, told.states[state]) for state in STATES],
            "skips": [(reason, label_of_skip(reason), count) for reason, count in told.skips.items()],
            "handled": told.total - told.states["planned"] - told.states["sending"],
            "to_send": told.states["planned"],
            "asks_for_count": told.states["planned"] > MANY,
            "ends_at": ends_at(told.eta_seconds),
            "time_left": duration_in_words(told.eta_seconds or 0),
            "why_number_waits": why_number_waits(broadcast.whatsapp_number) if is_live(broadcast) else "",
            "unknown": unknown[:UNKNOWN_SHOWN] if told.states["unknown"] else [],
            "decisions": [(name, label) for name, (label, _decide) in DECISIONS.items()] if may_change else [],
            "for_unknown": [(name, VERBS[name][0]) for name in FOR_UNKNOWN] if may_change else [],
            "buttons": buttons(broadcast, told) if may_change else [],
            "recipients_url": f"{recipients_url}?broadcast__id__exact={broadcast.pk}",
        }


def is_live(broadcast):
    """Whether something of it is, or may soon be, on its way."""
    return broadcast.status not in (Status.DONE, Status.CANCELLED)


def buttons(broadcast, told):
    names = BUTTONS.get(broadcast.status, [])
    if told.states["failed"] and broadcast.status in (Status.DONE, Status.SENDING):
        names = [*names, "retry_failed"]
    return [(name, VERBS[name][0]) for name in names]


def label_of_skip(reason):
    return dict(BroadcastMessage.SkipReason.choices).get(reason, reason)


def ends_at(seconds):
    """When sending will probably end, to the minute; None when nothing is to be sent."""
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)
