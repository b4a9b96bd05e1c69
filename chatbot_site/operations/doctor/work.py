"""Work that has been due for long, and what was given up."""

from collections import Counter
from collections.abc import Iterable

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.jobs import registry
from accounts.jobs.registry import Stuck
from whatsapp.models import WebhookEvent

from .findings import Finding, broken, ok, warning

#: How many rows of a job are counted at most.
MAX_COUNTED = 1000


def stuck() -> Finding:
    """What waits for far too long, and what was given up after too many failures."""
    rows = registry.stuck(MAX_COUNTED)
    late = [row for row in rows if row.why != "parked"]
    if late:
        return broken(
            _("Work has been waiting for too long: %(kinds)s.") % {"kinds": _by_kind(late)},
            _("See that every queue has a worker, and read the workers' logs."),
        )
    if rows:
        return warning(
            _("Given up after too many failures: %(kinds)s.") % {"kinds": _by_kind(rows)}, _action_for_parked(rows)
        )
    return ok(_("No work has been waiting for long, and none was given up."))


def _by_kind(rows: Iterable[Stuck]) -> str:
    """How many rows of each kind: “Webhook events: 3, Files: 1”."""
    models = {job.name: job.model for job in registry.jobs()}
    counts = Counter(capfirst(models[row.job]._meta.verbose_name_plural) for row in rows)
    return ", ".join(f"{kind}: {count}" for kind, count in counts.items())


def _action_for_parked(rows: Iterable[Stuck]) -> str:
    models = {job.name: job.model for job in registry.jobs()}
    if all(models[row.job] is WebhookEvent for row in rows):
        page = reverse("admin:whatsapp_webhookevent_changelist") + "?state=given_up"
        return _("See why at %(page)s, and then run `python manage.py replay_webhooks`.") % {"page": page}
    return _("Look up the last error of each in the database, and mend its cause.")
