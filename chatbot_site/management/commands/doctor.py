import json
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError
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
        "Look at the installation: settings, database, worker, disk, backups, mail, numbers. Says in one line each how"
        " it stands and what to do, and fails when something is broken."
    )
    # With wrong settings it says so, and looks at the rest.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help=_("Write a list for programs."))

    def handle(self, *, as_json: bool, **options: object) -> None:
        with impatient_database():
            lines = examine()
        if as_json:
            self.stdout.write(json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=1))
        else:
            for line in lines:
                self.stdout.write(in_words(line))
        count = sum(line.state == State.BROKEN for line in lines)
        if count:
            raise CommandError(_("Broken: %(count)s.") % {"count": count})


def in_words(line: Line) -> str:
    states = {
        State.OK: pgettext("state", "ok"),
        State.WARNING: pgettext("state", "WARNING"),
        State.BROKEN: pgettext("state", "BROKEN"),
    }
    sentences = " ".join(f"{line.text} → {line.action}".split()) if line.action else line.text
    return f"{states[line.state]:9} {line.check}: {sentences}"


@contextmanager
def impatient_database() -> Iterator[None]:
    """A new connection of PostgreSQL gives up soon, so that a server which is away is said within seconds."""
    before = connection.settings_dict
    if connection.vendor == "postgresql":
        timeouts = {"connect_timeout": DATABASE_TIMEOUT, "options": f"-c statement_timeout={DATABASE_TIMEOUT}s"}
        connection.settings_dict = {**before, "OPTIONS": {**before.get("OPTIONS", {}), **timeouts}}
    try:
        yield
    finally:
        connection.settings_dict = before
