from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.management.translated import TranslatedCommand
from whatsapp.secrets import key_rotation


class Command(TranslatedCommand):
    help = gettext_lazy(
        "Encrypt all stored secrets with the first key of FIELD_KEYS. Put a new key in front, restart everything, and "
        "run this; it may run while everything runs, and after a kill it is run again."
    )

    def handle(self, **options: Any) -> None:
        rotation = key_rotation.rotate()
        counts = {"rotated": rotation.rotated, "already": rotation.already}
        self.stdout.write(_("Secrets moved to the newest key: %(rotated)d; already under it: %(already)d.") % counts)
        if rotation.unreadable:
            raise CommandError(_unreadable_text(rotation.unreadable))
        if rotation.left:
            raise CommandError(_("Some process still writes with an old key. Restart everything, and run this again."))
        self.stdout.write(
            _(
                "No secret needs the older keys: they may be removed from FIELD_KEYS. Keep them with the backups made "
                "before now."
            )
        )


def _unreadable_text(unreadable: Iterable[key_rotation.Unreadable]) -> str:
    title = _("No key of FIELD_KEYS opens these secrets. Put their key back at its end, or enter them again:")
    lines = [
        f"{secret.model._meta.verbose_name} “{secret.row}” (id {secret.pk}): {secret.field.verbose_name}"
        for secret in unreadable
    ]
    return "\n".join([title, *lines])
