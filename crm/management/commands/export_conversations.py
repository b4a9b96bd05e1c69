from django.core.management.base import BaseCommand, CommandError

from crm.exports import FORMATS
from whatsapp.models import WhatsAppNumber


class Command(BaseCommand):
    help = "Write all conversations of a number to a file."

    def add_arguments(self, parser):
        parser.add_argument("--number", type=int, required=True, metavar="ID", help="The number's id.")
        parser.add_argument("--format", choices=list(FORMATS), default="csv")
        parser.add_argument("--output", metavar="F", help="The file to write; without it, standard output.")

    def handle(self, *, number, format, output, **options):
        try:
            number = WhatsAppNumber.objects.get(pk=number)
        except WhatsAppNumber.DoesNotExist:
            raise CommandError(f"There is no number with id {number}.") from None
        pieces = FORMATS[format](number)
        if output:
            self.write_file(output, pieces)
        else:
            self.write_out(pieces)

    def write_file(self, output, pieces):
        try:
            with open(output, "w", encoding="utf-8", newline="") as file:
                file.writelines(pieces)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}.") from None

    def write_out(self, pieces):
        if hasattr(self.stdout, "reconfigure"):
            # A console's own encoding may lack the letters.
            self.stdout.reconfigure(encoding="utf-8", newline="")
        for piece in pieces:
            self.stdout.write(piece, ending="")
