"""The page of one planned or started broadcast: how far it is, which updates by itself, and its buttons."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.refusals import Refusal
from accounts.tenancy.live_page import Button, LivePage, labels
from accounts.tenancy.revision_form import revision_shown
from accounts.tenancy.scope import signed_in
from broadcasts import drafts, lifecycle
from broadcasts.labels import (
    audience_phrases,
    duration_text,
    file_wait_text,
    number_wait_text,
    paused_text,
    preview_of,
)
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.progress import STATES, Progress, charges, progress
from whatsapp.sending import ledger

from .forms import TestForm, check_count

Status = Broadcast.Status

#: With more recipients than this, starting asks for their number to be typed.
MAX_RECIPIENTS_UNASKED = 1000

#: So many messages of unknown fate are shown with their buttons.
MAX_UNKNOWN_SHOWN = 20

#: The buttons for all messages of unknown fate together.
FOR_UNKNOWN = ["count_unknown_as_sent", "send_unknown_again"]

#: The buttons of each state. Before cancelling, the page asks again.
BUTTONS = {
    Status.PLANNED: ["start", "edit"],
    Status.PLANNING: ["cancel"],
    Status.SCHEDULED: ["pause", "cancel"],
    Status.SENDING: ["pause", "cancel"],
    Status.PAUSED: ["resume", "cancel"],
    Status.DONE: [],
    Status.CANCELLED: [],
}


class BroadcastPage(LivePage[Broadcast]):
    """The page of broadcasts that are no drafts any more."""

    template = "admin/broadcasts/broadcast/page.html"
    live_template = "admin/broadcasts/broadcast/live.html"
    related = ("whatsapp_number__business__subscription", "template", "business")
    verbs = {
        "start": Button(gettext_lazy("Start"), lambda broadcast, user: lifecycle.start(broadcast)),
        "edit": Button(gettext_lazy("Change the draft"), lambda broadcast, user: drafts.change(broadcast)),
        "pause": Button(gettext_lazy("Pause"), lifecycle.pause),
        "resume": Button(gettext_lazy("Resume"), lambda broadcast, user: lifecycle.resume(broadcast)),
        "cancel": Button(gettext_lazy("Cancel the broadcast"), lambda broadcast, user: lifecycle.cancel(broadcast)),
        "retry_failed": Button(
            gettext_lazy("Retry the failed ones"), lambda broadcast, user: lifecycle.retry_failed(broadcast)
        ),
        "count_unknown_as_sent": Button(
            gettext_lazy("Count all as sent"), lambda broadcast, user: lifecycle.count_unknown_as_sent(broadcast)
        ),
        "send_unknown_again": Button(
            gettext_lazy("Send all again, they may arrive twice"),
            lambda broadcast, user: lifecycle.send_unknown_again(broadcast),
        ),
    }
    decisions = {
        "count_as_sent": Button(gettext_lazy("Count as sent"), lambda message, user: ledger.count_as_sent(message)),
        "send_again": Button(
            gettext_lazy("Send again, it may arrive twice"), lambda message, user: lifecycle.send_again(message)
        ),
    }

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view(self.test_view)
        return [*super().urls(), path("<int:pk>/test/", view, name="broadcasts_broadcast_test")]

    @method_decorator(require_POST)
    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send one message to the phone that was typed in."""
        broadcast = self.row(request, pk, may_change=True)
        form = TestForm(request.POST, country=broadcast.business.country)
        if not form.is_valid():
            messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
            return self.back(broadcast)
        phone, user = form.cleaned_data["to"], signed_in(request)
        try:
            with transaction.atomic():
                if form.is_first(user):
                    drafts.send_test(broadcast, phone, user)
        except (Refusal, ValidationError) as refusal:
            self.refuse(request, refusal)
        else:
            messages.success(request, _("The test is on its way to %(phone)s.") % {"phone": phone})
        return self.back(broadcast)

    def check_verb(self, request: HttpRequest, row: Broadcast, name: str) -> None:
        if name != "start":
            return
        row.expect(revision_shown(request))
        count = row.messages.filter(status=BroadcastMessage.Status.PLANNED).count()
        if count > MAX_RECIPIENTS_UNASKED:
            check_count(request.POST.get("recipients", ""), count)

    def messages_of(self, row: Broadcast) -> QuerySet[BroadcastMessage]:
        return row.messages.all()

    def page_context(self, request: HttpRequest, row: Broadcast) -> dict[str, Any]:
        return {
            "audience": audience_phrases(row.audience),
            "charges": charges(row) if row.started_at else [],
            "preview": preview_of(row),
            "test_form": TestForm(country=row.business.country),
        }

    def live_context(self, request: HttpRequest, row: Broadcast) -> dict[str, Any]:
        current = progress(row)
        may_change = self.model_admin.has_change_permission(request, row)
        unknown = row.messages.filter(status=BroadcastMessage.Status.UNKNOWN).select_related("customer")
        recipients_url = reverse("admin:broadcasts_broadcastmessage_changelist")
        return {
            "broadcast": row,
            "why_paused": paused_text(row),
            "progress": current,
            "states": [(state, state.label, current.states[state]) for state in STATES],
            "skips": [(reason, _skip_label(reason), count) for reason, count in current.skips.items()],
            "handled": current.total - current.states["planned"] - current.states["sending"],
            "to_send": current.states["planned"],
            "asks_for_count": current.states["planned"] > MAX_RECIPIENTS_UNASKED,
            "ends_at": _end(current.eta_seconds),
            "time_left": duration_text(current.eta_seconds or 0),
            "why_number_waits": number_wait_text(row.whatsapp_number) if _is_live(row) else "",
            "why_file_waits": file_wait_text(row),
            "unknown": unknown[:MAX_UNKNOWN_SHOWN] if current.states["unknown"] else [],
            "decisions": labels(self.decisions) if may_change else [],
            "for_unknown": labels(self.verbs, FOR_UNKNOWN) if may_change else [],
            "buttons": labels(self.verbs, _buttons(row, current)) if may_change else [],
            "recipients_url": f"{recipients_url}?broadcast__id__exact={row.pk}",
        }


def _is_live(broadcast: Broadcast) -> bool:
    """Whether something of it is, or may soon be, on its way."""
    return broadcast.status not in (Status.DONE, Status.CANCELLED)


def _buttons(broadcast: Broadcast, current: Progress) -> list[str]:
    names = BUTTONS.get(Status(broadcast.status), [])
    if current.states["failed"] and broadcast.status in (Status.DONE, Status.SENDING):
        names = [*names, "retry_failed"]
    return names


def _skip_label(reason: str) -> str | Promise:
    return dict(BroadcastMessage.SkipReason.choices).get(reason, reason)


def _end(seconds: int | None) -> datetime | None:
    """When sending will probably end; None when nothing is to be sent."""
    return None if seconds is None else timezone.now() + timedelta(seconds=seconds)
