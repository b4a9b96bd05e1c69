"""
A backup becomes the database again, and sends nothing by itself: what was about to be sent when it was made may have
been sent since. The restored database is made so before anybody can see it.
"""

import glob
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
from crm.conversations import recording, scheduled
from crm.media import media
from crm.search.index import INDEX_TABLES
from whatsapp.sending import ledger
from whatsapp.webhooks import process

from . import archive, create, disk_errors, media_files, migration_state, sqlite_copy
from .database_copy import database_copy

#: Tables that migrating an empty database fills, or whose rows come and go by themselves.
NO_DATA = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
    *INDEX_TABLES,
}


def restore(path: str | Path, force: bool = False) -> tuple[archive.Manifest, Path | None]:
    """
    Replace the database with that of a backup, and put its media files back. Returns the manifest and the path of the
    backup that was made of what was there before (None: there was nothing). Raises CommandError; then, and after a
    kill, the database is as it was. `force` replaces data, but not under processes that use it.
    """
    manifest = archive.read(path)
    _check_fits(path, manifest)
    with database_lock.only_one():
        _check_may_replace(force)
        before = _back_up_what_is_there()
        copy = database_copy()
        folder = copy.folder()
        _remove_unfinished(folder)
        with (
            disk_errors.explained(folder),
            tempfile.TemporaryDirectory(dir=folder, prefix=_unfinished_prefix()) as aside,
        ):
            media_files.restore(path)
            extracted = Path(aside, copy.PART)
            archive.extract(path, copy.PART, extracted)
            with copy.replacing(extracted):
                _check_complete(manifest)
                _migrate()
                _send_nothing(datetime.fromisoformat(manifest["made_at"]))
    return manifest, before


def initialize(force: bool = False) -> None:
    """Create the database anew, and empty. Raises CommandError when there is data, unless it is forced."""
    with database_lock.only_one():
        _check_may_replace(force)
        with database_copy().replacing():
            _migrate()


@transaction.atomic
def _send_nothing(made_at: datetime) -> None:
    """In a database as it was at a time: whatever would write to people, or call somebody, waits for a person."""
    writing.end_all(EndReason.RESTORED)
    process.record_waiting(recording.record_first)
    recording.skip_automation()
    media.cancel_uploads()
    scheduled.hold_restored()
    ledger.settle_restored()
    lifecycle.pause_restored(made_at)
    sign_in.sign_everybody_out()


def _unfinished_prefix() -> str:
    """How the folders of restores of this database begin; others may be restored beside it."""
    return f".restoring-{Path(connection.settings_dict['NAME']).name}-"


def _remove_unfinished(folder: Path) -> None:
    """Remove what a killed restore of this database left behind; nobody else restores it now."""
    for path in folder.glob(f"{glob.escape(_unfinished_prefix())}*"):
        shutil.rmtree(path, ignore_errors=True)


def _migrate() -> None:
    if not migration_state.is_complete():
        call_command("migrate", interactive=False, verbosity=0)


# --- What must be true before ----------------------------------------------------------------------------


def _check_fits(path: str | Path, manifest: archive.Manifest) -> None:
    if manifest["database"] != connection.vendor:
        message = _("%(path)s is a backup of %(theirs)s, but DATABASE_URL names %(ours)s.")
        raise CommandError(message % {"path": path, "theirs": manifest["database"], "ours": connection.vendor})
    unknown = migration_state.unknown((app, name) for app, name in manifest["migrations"])
    if unknown:
        app, name = unknown[0]
        raise CommandError(
            _("%(path)s was made by a newer version (with the migration %(app)s.%(name)s). Update the project.")
            % {"path": path, "app": app, "name": name}
        )


def _check_may_replace(force: bool) -> None:
    database_copy().check_unused()
    if not force and _has_data():
        raise CommandError(
            _("There is data in the database. Make a backup (`backup_db`); with --force the data is replaced.")
        )
    _check_no_foreign_tables()


def _has_data() -> bool:
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


def _check_no_foreign_tables() -> None:
    """
    Raise CommandError for a database that another program shares with us; a file is ours alone. The tables of a newer
    version of this project are not another program's.
    """
    if connection.vendor == "sqlite" or migration_state.unknown(migration_state.applied()):
        return
    foreign = set(connection.introspection.table_names()) - migration_state.tables()
    if foreign:
        message = _(
            "The database holds tables of another program: %(tables)s. Use a database of its own (DATABASE_URL)."
        )
        raise CommandError(message % {"tables": ", ".join(sorted(foreign)[:5])})


def _back_up_what_is_there() -> Path | None:
    """The path of a backup of the data that is about to be replaced, or None where there is none."""
    if not _has_data():
        return None
    try:
        path, _manifest = create.make(kind=create.BEFORE_RESTORING, without_missing_media=True)
    except sqlite_copy.Damaged:
        path = sqlite_copy.set_damaged_aside()
    return path


def _check_complete(manifest: archive.Manifest) -> None:
    """Every row that was counted when the backup was made is here."""
    with connection.cursor() as cursor:
        for table, rows in manifest["rows"].items():
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")
            if cursor.fetchone() != (rows,):
                raise CommandError(_("The backup is not complete: rows of %(table)s are missing.") % {"table": table})
