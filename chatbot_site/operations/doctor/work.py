"""Work that is due for long and that nobody does, and what was given up."""

from datetime import timedelta

from django.db.models import Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from whatsapp.models import WebhookEvent

from .findings import Finding, broken, ok, warning

#: What is due for longer is stuck.
PATIENCE = timedelta(minutes=10)


def stuck() -> Finding:
    now = timezone.now()
    oldest = WebhookEvent.objects.due().aggregate(due=Min("due_at"))["due"]
    if oldest and oldest < now - PATIENCE:
        return broken(
            _("Webhook events have been waiting for %(minutes)s minutes: customers are not answered.")
            % {"minutes": (now - oldest) // timedelta(minutes=1)},
            _("See that a worker of the queue `inbound` runs, and look into its log."),
        )
    given_up = WebhookEvent.objects.parked().count()
    if given_up:
        sentence = ngettext(
            "%(count)s webhook event could not be processed.",
            "%(count)s webhook events could not be processed.",
            given_up,
        )
        page = reverse("admin:whatsapp_webhookevent_changelist") + "?state=given_up"
        action = _("See why at %(page)s, and then run `python manage.py replay_webhooks`.") % {"page": page}
        return warning(sentence % {"count": given_up}, action)
    return ok(_("No webhook event waits for long, and none was given up."))
