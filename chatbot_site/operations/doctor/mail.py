"""Whether invitations and links for new passwords are sent."""

import smtplib

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext as _

from .findings import Finding, broken, ok, warning

SMTP = "django.core.mail.backends.smtp.EmailBackend"
#: How long the mail server may take to answer (seconds).
TIMEOUT = 5


def server() -> Finding:
    if settings.EMAIL_BACKEND != SMTP:
        return warning(
            _("E-mail is not sent: invitations and links for new passwords reach nobody."),
            _("Write a mail server into EMAIL_URL, and the sender into EMAIL_FROM."),
        )
    try:
        connection = get_connection(timeout=TIMEOUT)
        connection.open()
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        return broken(_("The mail server refuses us: %(problem)s") % {"problem": error}, _("Check EMAIL_URL."))
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        return warning(
            _("The mail server answers, but the sender of e-mail is %(sender)s, which most servers refuse.")
            % {"sender": settings.DEFAULT_FROM_EMAIL},
            _("Write the sender's address into EMAIL_FROM."),
        )
    return ok(_("The mail server accepts us; the sender is %(sender)s.") % {"sender": settings.DEFAULT_FROM_EMAIL})
