import errno
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from crm.conversations.export_writer import CutOff, ExportWriter
from crm.models import ConversationExport, Message
from whatsapp.models import WhatsAppNumber

#: Seconds between two reports of progress.
PROGRESS_INTERVAL = 1


class Command(TranslatedCommand):
    help = gettext_lazy("Write all conversations of a number to a file, whose last line says how many it holds.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--number", type=int, required=True, metavar="ID", help=_("The number's id."))
        parser.add_argument(
            "--format",
            choices=ConversationExport.Format.values,
            default="csv",
            help=_("The format of the file (default: %(default)s)."),
        )
        parser.add_argument("--output", metavar="F", help=_("The file to write; without it, standard output."))

    def handle(self, *, number: int, format: str, output: str | None, **options: Any) -> None:
        try:
            writer = ExportWriter(WhatsAppNumber.objects.not_being_deleted().get(pk=number), format)
        except WhatsAppNumber.DoesNotExist:
            raise CommandError(_("There is no number with the id %(id)s.") % {"id": number}) from None
        is_watched = self.stderr.isatty() and (output or not self.stdout.isatty())
        pieces = self._with_progress(writer) if is_watched else writer.whole()
        try:
            is_written = self._write_file(output, pieces) if output else self._write_stdout(pieces)
        except CutOff:
            raise CommandError(_("The number was deleted meanwhile: not all of it could be written.")) from None
        if is_written:
            writer.note_exported()

    def _with_progress(self, writer: ExportWriter) -> Iterator[str]:
        """The pieces, while the terminal shows how many messages they hold so far; nothing for a short file."""
        total = Message.objects.filter(whatsapp_number=writer.number).count()
        reported_at, has_reported = time.monotonic(), False
        for piece in writer.whole():
            yield piece
            if time.monotonic() > reported_at + PROGRESS_INTERVAL:
                reported_at, has_reported = time.monotonic(), True
                self.stderr.write(self._progress(writer, total), style_func=str, ending="")
        if has_reported:
            self.stderr.write(self._progress(writer, total), style_func=str)

    def _progress(self, writer: ExportWriter, total: int) -> str:
        return "\r" + _("%(done)s of %(total)s messages") % {"done": writer.messages, "total": total}

    def _write_file(self, output: str, pieces: Iterable[str]) -> bool:
        try:
            with _complete_file(Path(output)) as file:
                file.writelines(pieces)
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be written: %(problem)s.") % {"path": output, "problem": error.strerror}
            ) from None
        return True

    def _write_stdout(self, pieces: Iterable[str]) -> bool:
        """Returns whether all of it was read."""
        if hasattr(self.stdout, "reconfigure"):
            # A console's own encoding may lack the letters.
            self.stdout.reconfigure(encoding="utf-8", newline="")
        try:
            for piece in pieces:
                self.stdout.write(piece, ending="")
            self.stdout.flush()
        except OSError as error:
            # The reader, like `head`, ended. Windows calls that an invalid argument.
            if error.errno not in (errno.EPIPE, errno.EINVAL):
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return False
        return True


@contextmanager
def _complete_file(path: Path) -> Iterator[TextIO]:
    """
    A file to write, which gets its name when it is complete. What is not a regular file, like /dev/stdout, is written
    directly.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
