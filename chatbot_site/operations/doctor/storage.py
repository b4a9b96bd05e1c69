"""The disks of the database file, the media and the backups."""

import os
import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from .findings import Finding, broken, ok, warning

GIGABYTE = 1_000_000_000
#: With less free space than this (bytes) a disk is broken, or a warning.
MIN_FREE_SPACE, AMPLE_FREE_SPACE = GIGABYTE // 5, GIGABYTE


def disk() -> Finding:
    folders = [_existing(folder) for folder in _folders()]
    locked = [str(folder) for folder in folders if not os.access(folder, os.W_OK)]
    if locked:
        return broken(
            _("Nothing can be written in %(folders)s.") % {"folders": ", ".join(sorted(set(locked)))},
            _("Let the user that runs this program write there."),
        )
    free, folder = min((shutil.disk_usage(folder).free, folder) for folder in folders)
    facts = {"free": f"{free / GIGABYTE:.1f}", "folder": folder}
    if free < MIN_FREE_SPACE:
        return broken(_("The disk of %(folder)s is full: %(free)s GB are free.") % facts, _("Free some space there."))
    if free < AMPLE_FREE_SPACE:
        return warning(
            _("Little space is left on the disk of %(folder)s: %(free)s GB.") % facts, _("Free some space there.")
        )
    return ok(_("%(free)s GB are free on the fullest disk (%(folder)s).") % facts)


def _folders() -> list[Path]:
    folders = [Path(settings.MEDIA_ROOT), Path(settings.BACKUP_DIR)]
    if connection.vendor == "sqlite":
        folders.append(Path(connection.settings_dict["NAME"]).parent)
    return folders


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists, in which it will be made."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
