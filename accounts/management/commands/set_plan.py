from argparse import ArgumentTypeError
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from accounts.models import Business
from accounts.people.registration import start_plan
from accounts.plans import PLANS


class Command(BaseCommand):
    help = "Put a business on a plan."

    def add_arguments(self, parser):
        parser.add_argument("business", help="The business's id or exact name.")
        parser.add_argument("plan", choices=PLANS)
        parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="The first day on which it has ended.")

    def handle(self, *, business, plan, until, **options):
        found = self.find(business)
        start_plan(found, plan, until)
        ends_at = found.subscription.ends_at
        self.stdout.write(f"{found}: {plan}, {f'until {ends_at:%Y-%m-%d %H:%M %Z}' if ends_at else 'without end'}.")

    def find(self, business):
        by_id = Q(pk=business) if business.isdecimal() else Q()
        found = list(Business.objects.filter(Q(name=business) | by_id)[:2])
        if not found:
            raise CommandError(f"There is no business with the id or name {business!r}.")
        if len(found) > 1:
            raise CommandError(f"Several businesses are called {business!r}: give the id.")
        return found[0]


def day(text):
    try:
        return timezone.make_aware(datetime.strptime(text, "%Y-%m-%d"))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day. Write it like 2026-12-31.") from None
