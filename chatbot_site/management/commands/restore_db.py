from datetime import datetime

from django.core.management.base import CommandParser
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from chatbot_site.operations.backups import create, missing_media, restore


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Replace the database with that of a backup, and put its media files back. Afterwards nothing is sent by"
        " itself: broadcasts are paused, and what waited to be sent is unknown until a person decides."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="F", help=_("A file that backup_db wrote."))
        parser.add_argument(
            "--force", action="store_true", help=_("Replace a database that has data; a backup of it is made first.")
        )

    def handle(self, *, file: str, force: bool, **options: object) -> None:
        manifest, before = restore.restore(file, force)
        if before:
            self.stdout.write(_("The data that was there before is in %(path)s.") % {"path": before})
        time = date_format(localtime(datetime.fromisoformat(manifest["made_at"])), "DATETIME_FORMAT")
        message = _("Restored: the database as it was on %(time)s, %(rows)s rows, and its media files.")
        self.stdout.write(message % {"time": time, "rows": sum(manifest["rows"].values())})
        if missing := manifest.get("missing_media"):
            self.stdout.write(_("Not in the backup: %(files)s") % {"files": missing_media.missing_text(missing)})
        if not set(manifest["field_keys"][:1]) <= set(create.key_fingerprints()):
            self.stdout.write(
                _(
                    "Its secrets (access tokens, app secrets) were encrypted with other FIELD_KEYS. Add those of the"
                    " old .env at the end of FIELD_KEYS; otherwise enter the tokens again."
                )
            )
        self.stdout.write(
            _(
                "Nothing is sent by itself: broadcasts are paused, messages that waited are unknown, bots start again."
                " Everybody signs in again. Start `up`, look at your broadcasts, and resume those that should go on."
            )
        )
