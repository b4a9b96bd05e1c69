import time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.deletion import job
from accounts.deletion.deletion import delete, preview
from accounts.management.translated import TranslatedCommand
from accounts.models import Deletion
from accounts.refusals import Refusal
from accounts.templatetags.accounts import grouped
from whatsapp.models import WhatsAppNumber


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Delete a number with all its bots, conversations and broadcasts, after showing how many there are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number_id", type=int, metavar="ID", help=_("The number's id."))
        parser.add_argument(
            "--noinput", "--no-input", "--yes", action="store_false", dest="interactive", help=_("Do not ask.")
        )

    def handle(self, *, number_id: int, interactive: bool, **options: Any) -> None:
        try:
            number = WhatsAppNumber.objects.get(pk=number_id)
        except WhatsAppNumber.DoesNotExist:
            raise CommandError(_("There is no number with the id %(id)s.") % {"id": number_id}) from None
        self._show(number)
        if interactive and not self._is_confirmed(number):
            raise CommandError(_("Nothing was deleted."))
        try:
            deletion = delete(number)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self._advance(deletion)
        self._show_receipt(deletion)

    def _show(self, number: WhatsAppNumber) -> None:
        names = {"number": number, "phone": number.phone_number}
        self.stdout.write(_("Deleting “%(number)s” (%(phone)s) also deletes:") % names)
        for model, count in preview(number).counts.items():
            if model is not WhatsAppNumber:
                self.stdout.write(f"  {capfirst(model._meta.verbose_name_plural)}: {count}")

    def _is_confirmed(self, number: WhatsAppNumber) -> bool:
        """Whether the person types the number's name."""
        self.stdout.write(_("This cannot be undone. Customers, tags and deals are kept."))
        try:
            return input(_("Type the name of the number to delete it: ")).split() == number.name.split()
        except EOFError:
            return False

    def _advance(self, deletion: Deletion) -> None:
        """Delete what is large here, or follow the worker that has it, until it is done."""
        try:
            while deletion.state != Deletion.State.DONE:
                self._show_progress(deletion)
                if not job.advance(deletion, seconds=1):
                    time.sleep(0.3)
                deletion.refresh_from_db()
        except KeyboardInterrupt:
            raise CommandError(
                _(
                    "\nNot done yet: the number is hidden and does nothing any more. The deletion continues where "
                    "the site runs, or when this command is run again."
                )
            ) from None

    def _show_progress(self, deletion: Deletion) -> None:
        numbers = {name: grouped(getattr(deletion, name)) for name in ("done", "total")}
        progress = _("%(done)s of %(total)s rows") % numbers
        if deletion.last_error:
            progress = f"{progress} ({deletion.last_error})"
        self.stdout.write(progress, ending="\r" if self.stdout.isatty() else "\n")
        self.stdout.flush()

    def _show_receipt(self, deletion: Deletion) -> None:
        exported = deletion.exported_at and date_format(localtime(deletion.exported_at), "SHORT_DATETIME_FORMAT")
        for label, fact in (
            (_("Last export before it"), exported or _("none was made")),
            (_("Took"), deletion.duration_text),
            (_("Rows left behind"), deletion.orphans),
        ):
            self.stdout.write(f"{label}: {fact}")
        finished = date_format(localtime(deletion.finished_at), "SHORT_DATETIME_FORMAT")
        done = _("Deleted: %(rows)s rows. Receipt: deletion %(id)s of %(time)s.")
        self.stdout.write(done % {"rows": deletion.done, "id": deletion.pk, "time": finished})
