"""
A backup becomes the database again, and sends nothing by itself: what it was about to send when it was made may have
been sent since. The restored database is made so before anybody can see it.
"""

import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from accounts.people import sign_in
from bots.engine.effects import EndReason
from bots.runtime import writing
from broadcasts import lifecycle
from chatbot_site.operations import database_lock
from crm.conversations import inbox
from crm.media import media
from whatsapp.sending import ledger
from whatsapp.webhooks import process

from . import archive, media_files, migration_state, sqlite_copy
from . import create as making

#: What migrating an empty database fills, and what comes and goes by itself.
NO_DATA = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
}


UNFINISHED = ".restoring-"


def restore(path, force=False):
    """
    Replace the database by that of a backup, and put its media files back. Returns the manifest and the path of the
    backup that was made of what was there before (None: there was nothing). Raises CommandError; then, and after a
    kill, the database is as it was. `force` replaces data, but not under processes that use it.
    """
    manifest = archive.read(path)
    check_fits(path, manifest)
    with database_lock.only_one():
        making.database_copy().refuse_others()
        refuse_data(force)
        refuse_foreign_tables()
        before = backup_of_what_is_there()
        copy = making.database_copy()
        folder = copy.folder()
        remove_unfinished(folder)
        with making.sentences_for(folder), tempfile.TemporaryDirectory(dir=folder, prefix=UNFINISHED) as aside:
            media_files.restore(path)
            taken_out = Path(aside, copy.PART)
            archive.take_out(path, copy.PART, taken_out)
            with copy.replacing(taken_out):
                check_complete(manifest)
                migrate()
                send_nothing(datetime.fromisoformat(manifest["made_at"]))
    return manifest, before


def create(force=False):
    """Make the database anew, and empty. Raises CommandError when there is data and nobody insists."""
    with database_lock.only_one():
        making.database_copy().refuse_others()
        refuse_data(force)
        refuse_foreign_tables()
        with making.database_copy().replacing():
            migrate()


@transaction.atomic
def send_nothing(made_at):
    """In a database as it was at a time: whatever would write to people, or call somebody, waits for a person."""
    writing.end_all(EndReason.RESTORED)
    process.record_waiting(inbox.record)
    inbox.skip_automation()
    media.cancel_uploads()
    ledger.settle_restored()
    lifecycle.pause_restored(made_at)
    sign_in.sign_everybody_out()


def remove_unfinished(folder):
    """Remove what a killed restore left behind; nobody else restores now."""
    for path in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def migrate():
    if not migration_state.is_complete():
        call_command("migrate", interactive=False, verbosity=0)


# --- What must be true before ----------------------------------------------------------------------------


def check_fits(path, manifest):
    if manifest["database"] != connection.vendor:
        told = _("%(path)s is a backup of %(theirs)s, and DATABASE_URL names %(ours)s: that does not fit.")
        raise CommandError(told % {"path": path, "theirs": manifest["database"], "ours": connection.vendor})
    unknown = migration_state.unknown(map(tuple, manifest["migrations"]))
    if unknown:
        app, name = unknown[0]
        raise CommandError(
            _("%(path)s was made by a newer version (with the migration %(app)s.%(name)s). Update the project.")
            % {"path": path, "app": app, "name": name}
        )


def refuse_data(force):
    if not force and has_data():
        raise CommandError(
            _("There is data in the database. Make a backup (`backup_db`); with --force the data is replaced.")
        )


def has_data():
    try:
        with connection.cursor() as cursor:
            for table in set(connection.introspection.table_names(cursor)) - NO_DATA:
                cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")
                if cursor.fetchone():
                    return True
    except DatabaseError:
        # Damaged, but something.
        return True
    return False


def refuse_foreign_tables():
    """
    Leave a database alone that another program shares with us; a file is ours alone. What a newer version of this
    project left behind is no other program's.
    """
    if connection.vendor == "sqlite" or migration_state.unknown(migration_state.applied()):
        return
    foreign = set(connection.introspection.table_names()) - migration_state.tables()
    if foreign:
        told = _("The database holds tables of another program: %(tables)s. Use a database of its own (DATABASE_URL).")
        raise CommandError(told % {"tables": ", ".join(sorted(foreign)[:5])})


def backup_of_what_is_there():
    """The path of a backup of the data that is about to be replaced, or None where there is none."""
    if not has_data():
        return None
    try:
        path, _manifest = making.make(kind=making.BEFORE_RESTORING, without_missing_media=True)
    except sqlite_copy.Damaged:
        path = sqlite_copy.keep_damaged()
    return path


def check_complete(manifest):
    """Every row that was counted when the backup was made is here."""
    with connection.cursor() as cursor:
        for table, rows in manifest["rows"].items():
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")
            if cursor.fetchone() != (rows,):
                raise CommandError(_("The backup is not complete: rows of %(table)s are missing.") % {"table": table})
