import time

from django.core.management.base import CommandError
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.deletion import deletion, job
from accounts.management.translated import TranslatedCommand
from accounts.models import Deletion
from accounts.refusals import Refusal
from accounts.templatetags.accounts import grouped
from whatsapp.models import WhatsAppNumber


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Delete a number with all its bots, conversations and broadcasts, after showing how many there are."
    )

    def add_arguments(self, parser):
        parser.add_argument("number_id", type=int, metavar="ID", help=_("The number's id."))
        parser.add_argument(
            "--noinput", "--no-input", "--yes", action="store_false", dest="interactive", help=_("Do not ask.")
        )

    def handle(self, *, number_id, interactive, **options):
        try:
            number = WhatsAppNumber.objects.get(pk=number_id)
        except WhatsAppNumber.DoesNotExist:
            raise CommandError(_("There is no number with the id %(id)s.") % {"id": number_id}) from None
        self.show(number)
        if interactive and not self.is_confirmed(number):
            raise CommandError(_("Nothing was deleted."))
        try:
            asked = deletion.delete(number)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.advance(asked)
        self.show_receipt(asked)

    def show(self, number):
        self.stdout.write(_("With “%(number)s” (%(phone)s) goes:") % {"number": number, "phone": number.phone_number})
        for model, count in deletion.preview(number).counts.items():
            if model is not WhatsAppNumber:
                self.stdout.write(f"  {capfirst(model._meta.verbose_name_plural)}: {count}")

    def is_confirmed(self, number):
        """Whether the person types the number's name."""
        self.stdout.write(_("It cannot be undone. Customers, tags and deals stay."))
        try:
            return input(_("Type the name of the number to delete it: ")).split() == number.name.split()
        except EOFError:
            return False

    def advance(self, asked):
        """Delete what is large here, or follow the worker that has it, until it is done."""
        try:
            while asked.state != Deletion.State.DONE:
                self.show_progress(asked)
                if not job.advance(asked, seconds=1):
                    time.sleep(0.3)
                asked.refresh_from_db()
        except KeyboardInterrupt:
            raise CommandError(
                _(
                    "\nNot done yet: the number is hidden and does nothing any more. The deletion goes on where the "
                    "site runs, or when this command is given again."
                )
            ) from None

    def show_progress(self, asked):
        numbers = {name: grouped(getattr(asked, name)) for name in ("done", "total")}
        told = _("%(done)s of %(total)s rows") % numbers
        if asked.last_error:
            told = f"{told} ({asked.last_error})"
        self.stdout.write(told, ending="\r" if self.stdout.isatty() else "\n")
        self.stdout.flush()

    def show_receipt(self, asked):
        exported = asked.exported_at and date_format(localtime(asked.exported_at), "SHORT_DATETIME_FORMAT")
        for label, fact in (
            (_("Last export before it"), exported or _("none was made")),
            (_("Took"), asked.duration_text),
            (_("Rows left behind"), asked.orphans),
        ):
            self.stdout.write(f"{label}: {fact}")
        finished = date_format(localtime(asked.finished_at), "SHORT_DATETIME_FORMAT")
        done = _("Deleted: %(rows)s rows. Receipt: deletion %(id)s of %(time)s.")
        self.stdout.write(done % {"rows": asked.done, "id": asked.pk, "time": finished})
