from argparse import ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from accounts.models import Business, Subscription
from accounts.people.registration import start_plan
from accounts.plans import PLANS


class Command(TranslatedCommand):
    help = gettext_lazy("Put a business on a plan.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("business", help=_("The business's id or exact name."))
        parser.add_argument("plan", choices=PLANS, help=_("The key of the plan."))
        parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help=_("The first day on which it has ended."))

    def handle(self, *, business: str, plan: str, until: datetime | None, **options: Any) -> None:
        found = self.find(business)
        start_plan(found, plan, until)
        self.stdout.write(self.outcome(found.subscription))

    def outcome(self, subscription: Subscription) -> str:
        names = {"business": subscription.business, "plan": PLANS[subscription.plan].name}
        if subscription.ends_at is None:
            return _("%(business)s: %(plan)s, without end.") % names
        end = f"{timezone.localtime(subscription.ends_at):%Y-%m-%d}"
        return _("%(business)s: %(plan)s, until %(day)s.") % {**names, "day": end}

    def find(self, business: str) -> Business:
        by_id = Q(pk=business) if business.isdecimal() else Q()
        found = list(Business.objects.filter(Q(name=business) | by_id)[:2])
        if not found:
            raise CommandError(_("There is no business with the id or name “%(name)s”.") % {"name": business})
        if len(found) > 1:
            raise CommandError(_("Several businesses are called “%(name)s”: give the id.") % {"name": business})
        return found[0]


def day(text: str) -> datetime:
    try:
        return timezone.make_aware(datetime.strptime(text, "%Y-%m-%d"))
    except ValueError:
        raise ArgumentTypeError(_("“%(text)s” is not a day. Write it like 2026-12-31.") % {"text": text}) from None
