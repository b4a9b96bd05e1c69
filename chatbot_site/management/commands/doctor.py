import json
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.management.translated import TranslatedCommand
from chatbot_site.operations.doctor.examination import examine
from chatbot_site.operations.doctor.findings import Line, State

#: How long the database may take to connect, and for a statement (seconds).
DATABASE_TIMEOUT = 5


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Check the installation: settings, database, worker, disk, backups, mail, numbers. Writes a line for each: how"
        " it stands, and what to do. Fails when something is broken."
    )
    # It says which settings are wrong, and checks the rest.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help=_("Write the list as JSON."))

    def handle(self, *, as_json: bool, **options: object) -> None:
        with _database_timeouts():
            lines = examine()
        if as_json:
            self.stdout.write(json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=1))
        else:
            for line in lines:
                self.stdout.write(_line_text(line))
        count = sum(line.state == State.BROKEN for line in lines)
        if count:
            raise CommandError(_("Broken: %(count)s.") % {"count": count})


def _line_text(line: Line) -> str:
    states = {
        State.OK: pgettext("state", "ok"),
        State.WARNING: pgettext("state", "WARNING"),
        State.BROKEN: pgettext("state", "BROKEN"),
    }
    sentences = " ".join(f"{line.text} → {line.action}".split()) if line.action else line.text
    return f"{states[line.state]:9} {line.check}: {sentences}"


@contextmanager
def _database_timeouts() -> Iterator[None]:
    """Limit the time of new connections to PostgreSQL, so that a server which is away is found within seconds."""
    before = connection.settings_dict
    if connection.vendor == "postgresql":
        timeouts = {"connect_timeout": DATABASE_TIMEOUT, "options": f"-c statement_timeout={DATABASE_TIMEOUT}s"}
        connection.settings_dict = {**before, "OPTIONS": {**before.get("OPTIONS", {}), **timeouts}}
    try:
        yield
    finally:
        connection.settings_dict = before
