"""The settings and the keys."""

from django.conf import settings
from django.core.checks import run_checks
from django.utils.translation import gettext as _

from chatbot_site.operations.startup import CONFIGURATION
from whatsapp.secrets import key_rotation

from .findings import Finding, broken, ok, warning


def settings_are_valid() -> Finding:
    errors = [message for message in run_checks(tags=[CONFIGURATION]) if message.is_serious()]
    if errors:
        return broken(" ".join(error.msg for error in errors), " ".join(str(error.hint) for error in errors))
    if settings.DEBUG:
        return warning(
            _("DEBUG is on: error pages show source code to everybody."),
            _("Set DEBUG=false on a server that others can reach."),
        )
    return ok(_("The settings are valid."))


def keys_decrypt_what_is_stored() -> Finding:
    unreadable = key_rotation.first_unreadable()
    if unreadable:
        return broken(
            _("No key in FIELD_KEYS decrypts a stored secret (%(kind)s %(id)s).")
            % {"kind": unreadable.model._meta.verbose_name, "id": unreadable.pk},
            _(
                "Put the old key back at the end of FIELD_KEYS; `python manage.py rotate_field_keys` lists such"
                " secrets."
            ),
        )
    return ok(_("FIELD_KEYS decrypts the oldest stored secret of each kind."))
