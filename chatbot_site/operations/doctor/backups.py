"""The newest backup in BACKUP_DIR: its age, and whether it can be read."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError
from django.utils.translation import gettext as _

from chatbot_site.operations.backups import archive, create, missing_media

from .findings import Finding, broken, ok, warning

#: An older backup (seconds) means that two nights were missed.
MAX_AGE = 2 * 24 * 60 * 60
#: A larger backup (bytes) is not read again to its end.
MAX_READ = 2_000_000_000


def newest() -> Finding:
    path = _newest_path()
    if path is None:
        return warning(
            _("There is no backup in %(folder)s.") % {"folder": settings.BACKUP_DIR},
            _("Run `python manage.py backup_db` every night, by cron or the Task Scheduler of Windows."),
        )
    try:
        manifest = archive.outline(path)
    except CommandError:
        return _damaged(path)
    hours = (time.time() - path.stat().st_mtime) / 3600
    facts = {"path": path, "hours": round(hours)}
    if hours * 3600 > MAX_AGE:
        return warning(
            _("The newest backup is %(hours)s h old: %(path)s.") % facts,
            _("Run `python manage.py backup_db` every night, and find out why it was not run."),
        )
    if missing := manifest.get("missing_media"):
        return warning(missing_media.missing_text(missing), _("Put these files back, and make a new backup."))
    return ok(_("The newest backup is %(hours)s h old, and has all its parts: %(path)s.") % facts)


def contents_of_newest() -> Finding:
    path = _newest_path()
    if path is None:
        return warning(_("There is no backup whose contents could be read."), _("Run `python manage.py backup_db`."))
    if path.stat().st_size > MAX_READ:
        return warning(
            _("The newest backup is too large to be read to its end here; it was read when it was made."),
            _("Try it: restore it on another machine."),
        )
    try:
        archive.read(path)
    except CommandError:
        return _damaged(path)
    return ok(_("The newest backup was read to its end, and its checksums match."))


def _damaged(path: Path) -> Finding:
    return broken(
        _("The newest backup is damaged: %(path)s.") % {"path": path},
        _("Make a new one with `python manage.py backup_db`, and check the disk."),
    )


def _newest_path() -> Path | None:
    folder = Path(settings.BACKUP_DIR)
    paths = create.made_in(folder, create.USUAL) if folder.exists() else []
    return paths[0] if paths else None
