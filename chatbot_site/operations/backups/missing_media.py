"""Files of messages that the database names and that cannot be copied. Exports do not count: they are written anew."""

import os
from collections.abc import Collection
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import MediaFile

BATCH = 2000
MAX_NAMED = 5


def find() -> set[str]:
    """The names of files that are missing or cannot be read; a row deleted meanwhile needs none."""
    if MediaFile._meta.db_table not in connection.introspection.table_names():
        # A database that is not migrated yet, or no longer whole.
        return set()
    rows = MediaFile._base_manager.filter(state=MediaFile.State.STORED).exclude(file="")
    absent = {pk: name for pk, name in rows.values_list("pk", "file").iterator(BATCH) if not _is_readable(name)}
    return {name for pk, name in absent.items() if rows.filter(pk=pk, file=name).exists()}


def _is_readable(name: str) -> bool:
    path = os.path.join(settings.MEDIA_ROOT, name)
    return os.path.isfile(path) and os.access(path, os.R_OK)


def check_none(names: Collection[str]) -> None:
    """Raise CommandError if there are any."""
    if names:
        advice = _("Put back what is missing and make all of it readable, or leave it out: --without-missing-media")
        raise CommandError(f"{missing_text(names)} {advice}")


def missing_text(names: Collection[str]) -> str:
    """A sentence that says how many files are missing, and names some."""
    sentence = ngettext(
        "%(count)s file of a message is missing or cannot be read: %(paths)s.",
        "%(count)s files of messages are missing or cannot be read: %(paths)s.",
        len(names),
    )
    paths = [str(Path(settings.MEDIA_ROOT, name)) for name in sorted(names)[:MAX_NAMED]]
    more = ["…"] if len(names) > MAX_NAMED else []
    return sentence % {"count": len(names), "paths": ", ".join(paths + more)}
