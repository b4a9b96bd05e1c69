from django.core.management.base import BaseCommand, CommandError
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts import deletion
from accounts.refusals import Refusal
from whatsapp.models import WhatsAppNumber


class Command(BaseCommand):
    help = "Delete a number with all its bots, conversations and broadcasts, after showing how many there are."

    def add_arguments(self, parser):
        parser.add_argument("number_id", type=int, metavar="ID", help="The number's id.")
        parser.add_argument(
            "--noinput", "--no-input", "--yes", action="store_false", dest="interactive", help="Do not ask."
        )

    def handle(self, *, number_id, interactive, **options):
        try:
            number = WhatsAppNumber.objects.get(pk=number_id)
        except WhatsAppNumber.DoesNotExist:
            raise CommandError(f"There is no number with id {number_id}.") from None
        self.show(number)
        if interactive and not self.is_confirmed(number):
            raise CommandError(_("Nothing was deleted."))
        try:
            receipt = deletion.delete(number)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        time = date_format(localtime(receipt.finished_at), "SHORT_DATETIME_FORMAT")
        done = _("Deleted: %(rows)s rows. Receipt: deletion %(id)s of %(time)s.")
        self.stdout.write(done % {"rows": receipt.total, "id": receipt.pk, "time": time})

    def show(self, number):
        self.stdout.write(_("With “%(number)s” (%(phone)s) goes:") % {"number": number, "phone": number.phone_number})
        for model, count in deletion.preview(number).counts.items():
            if model is not WhatsAppNumber:
                self.stdout.write(f"  {capfirst(model._meta.verbose_name_plural)}: {count}")

    def is_confirmed(self, number):
        """Whether the person types the number's name."""
        self.stdout.write(_("It cannot be undone. Customers, tags and deals stay."))
        try:
            return input(_("Type the name of the number to delete it: ")).strip() == number.name
        except EOFError:
            return False
