from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.management.translated import TranslatedCommand
from accounts.models import Business
from accounts.refusals import Refusal
from crm.customers import duplicates, merge_undo
from crm.customers.duplicates import Pair
from crm.models import CustomerMerge


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Merge customers who are one person because their phones are two spellings of one. Without --apply it shows"
        " what it would do, and changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--business", type=int, metavar="ID", help=_("Only the customers of this business."))
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--apply", action="store_true", help=_("Merge them."))
        group.add_argument("--undo", type=int, metavar="ID", help=_("Undo the merge with this number."))

    def handle(self, *, business: int | None, apply: bool, undo: int | None, **options: Any) -> None:
        if undo is not None:
            return self._undo(undo)
        businesses = Business.objects.order_by("pk")
        if business is not None and not (businesses := businesses.filter(pk=business)):
            raise CommandError(_("There is no business with the number %(id)s.") % {"id": business})
        pairs = [pair for row in businesses for pair in duplicates.find(row)]
        count = sum(self._merge(pair, apply) for pair in pairs)
        if apply:
            sentence = ngettext("%(count)d customer was merged.", "%(count)d customers were merged.", count)
        else:
            sentence = ngettext("%(count)d customer would be merged.", "%(count)d customers would be merged.", count)
        self.stdout.write(sentence % {"count": count})
        return None

    def _merge(self, pair: Pair, apply: bool) -> bool:
        """Show a pair, and merge it if that is wanted. Returns whether it is, or would be, merged."""
        moving = ", ".join(f"{name}: {count}" for name, count in pair.moving())
        line = f"{pair.source} ({pair.source.phone}) → {pair.target} ({pair.target.phone})"
        done = duplicates.merge_pair(pair) if apply else None
        number = f"#{done.pk}  " if done else ""
        self.stdout.write(f"{number}{line}  {moving}".rstrip())
        return done is not None or not apply

    def _undo(self, pk: int) -> None:
        try:
            customer = merge_undo.undo(pk)
        except CustomerMerge.DoesNotExist:
            raise CommandError(_("There is no merge with the number %(id)s.") % {"id": pk}) from None
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(_("“%(customer)s” is a customer of its own again.") % {"customer": customer})
