from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.management.translated import TranslatedCommand
from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.webhooks.process import replay


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Process stored webhook events again: those that were given up, or with --number or --since all of them."
        " What was recorded once is not recorded again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--number", type=int, metavar="ID", help=_("Only events of this number."))
        parser.add_argument(
            "--since", metavar="TIME", help=_("Only events received since then: 2026-11-22 or 2026-11-22T10:00.")
        )

    def handle(self, *, number: int | None, since: str | None, **options: Any) -> None:
        events = WebhookEvent.objects.all()
        if number is None and since is None:
            events = events.parked()
        if number is not None:
            if not WhatsAppNumber.objects.filter(pk=number).exists():
                raise CommandError(_("There is no number with the id %(id)s.") % {"id": number})
            events = events.filter(whatsapp_number=number)
        if since is not None:
            events = events.filter(received_at__gte=_read_time(since))
        count = replay(events)
        sentence = ngettext(
            "%(count)s webhook event will be processed again within seconds.",
            "%(count)s webhook events will be processed again within seconds.",
            count,
        )
        self.stdout.write(sentence % {"count": count})


def _read_time(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(_("Write the time like 2026-11-22 or 2026-11-22T10:00."))
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
