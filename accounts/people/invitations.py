"""The link by which an invited person chooses a password: it works once, for as long as a password reset does."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import override


def invitation_url(person):
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    return settings.PUBLIC_URL + reverse("invitation", args=[uid, default_token_generator.make_token(person)])


def send(person):
    """E-mail the invitation, in the person's language or that of the business."""
    with override(person.language or person.business.language):
        send_mail(
            _("Join %(business)s") % {"business": " ".join(person.business.name.split())},
            render_to_string("accounts/invitation_email.txt", {"person": person, "url": invitation_url(person)}),
            from_email=None,
            recipient_list=[person.email],
        )
