from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from chatbot_site.operations.backups import restore


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Create the database anew, and empty. Refuses when there is data, unless --force is given: then it is erased."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help=_("Erase all data. This cannot be undone."))

    def handle(self, *, force: bool, **options: object) -> None:
        restore.initialize(force)
        self.stdout.write(_("The database is new and empty. Start `python manage.py up` and register your business."))
