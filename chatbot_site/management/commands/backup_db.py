from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from chatbot_site.operations.backups import create, missing_media


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Write the database and the media files into one file, while everybody works, and check it. The keys in"
        " FIELD_KEYS are not in it: keep a copy of .env in another place."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output", metavar="F", help=_("The file to write; without it, a new one in BACKUP_DIR with the time.")
        )
        parser.add_argument(
            "--keep",
            type=int,
            metavar="N",
            default=create.DEFAULT_KEEP,
            help=_("How many of its own files in BACKUP_DIR to keep (default: %(default)s)."),
        )
        parser.add_argument(
            "--without-missing-media",
            action="store_true",
            help=_("Make the backup although files of messages are missing or cannot be read, and say which."),
        )

    def handle(self, *, output: str | None, keep: int, without_missing_media: bool, **options: object) -> None:
        if keep < 1:
            raise CommandError(_("--keep must be 1 or more."))
        path, manifest = create.make(output, keep=keep, without_missing_media=without_missing_media)
        message = _("The backup is ready and checked: %(path)s, %(size)s MB, %(rows)s rows.")
        size = f"{path.stat().st_size / 1_000_000:.1f}"
        self.stdout.write(message % {"path": path, "size": size, "rows": sum(manifest["rows"].values())})
        if missing := manifest.get("missing_media"):
            self.stdout.write(_("Left out: %(files)s") % {"files": missing_media.missing_text(missing)})
        self.stdout.write(_("Keep FIELD_KEYS of your .env apart from it: without them the stored secrets are lost."))
