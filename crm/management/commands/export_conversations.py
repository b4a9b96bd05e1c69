import errno
import os
import secrets
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from crm.conversations.export_writer import CutOff, ExportWriter
from crm.models import ConversationExport, Message
from whatsapp.models import WhatsAppNumber

#: Seconds between two lines of progress.
EVERY = 1


class Command(TranslatedCommand):
    help = gettext_lazy("Write all conversations of a number to a file, whose last line says how many it holds.")

    def add_arguments(self, parser):
        parser.add_argument("--number", type=int, required=True, metavar="ID", help=_("The number's id."))
        parser.add_argument(
            "--format",
            choices=ConversationExport.Format.values,
            default="csv",
            help=_("The format of the file (default: %(default)s)."),
        )
        parser.add_argument("--output", metavar="F", help=_("The file to write; without it, standard output."))

    def handle(self, *, number, format, output, **options):
        try:
            number = WhatsAppNumber.objects.kept().get(pk=number)
        except WhatsAppNumber.DoesNotExist:
            raise CommandError(_("There is no number with the id %(id)s.") % {"id": number}) from None
        export = ExportWriter(number, format)
        is_watched = self.stderr.isatty() and (output or not self.stdout.isatty())
        pieces = self.with_progress(export) if is_watched else export.whole()
        try:
            is_written = self.write_file(output, pieces) if output else self.write_out(pieces)
        except CutOff:
            raise CommandError(_("The number was deleted meanwhile: not all of it could be written.")) from None
        if is_written:
            export.note_exported()

    def with_progress(self, export):
        """The pieces, while the terminal shows how many messages they hold so far; nothing of what is short."""
        total = Message.objects.filter(whatsapp_number=export.number).count()
        told_at, has_told = time.monotonic(), False
        for piece in export.whole():
            yield piece
            if time.monotonic() > told_at + EVERY:
                told_at, has_told = time.monotonic(), True
                self.stderr.write(self.progress(export, total), style_func=str, ending="")
        if has_told:
            self.stderr.write(self.progress(export, total), style_func=str)

    def progress(self, export, total):
        return "\r" + _("%(done)s of %(total)s messages") % {"done": export.messages, "total": total}

    def write_file(self, output, pieces):
        try:
            with complete_file(Path(output)) as file:
                file.writelines(pieces)
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be written: %(problem)s.") % {"path": output, "problem": error.strerror}
            ) from None
        return True

    def write_out(self, pieces):
        """Returns whether all of it was read."""
        if hasattr(self.stdout, "reconfigure"):
            # A console's own encoding may lack the letters.
            self.stdout.reconfigure(encoding="utf-8", newline="")
        try:
            for piece in pieces:
                self.stdout.write(piece, ending="")
            self.stdout.flush()
        except OSError as error:
            # Who reads it, like `head`, has enough. Windows calls that an invalid argument.
            if error.errno not in (errno.EPIPE, errno.EINVAL):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return False
        return True


@contextmanager
def complete_file(path):
    """A file to write that has its name once it is complete. What is no file, like /dev/stdout, is written at once."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("x", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            aside.unlink()
