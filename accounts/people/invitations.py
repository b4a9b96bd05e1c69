"""The link with which an invited person chooses a password: valid once, and as long as that of a password reset."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import mail
from accounts.mail import Mail
from accounts.models import User


def invitation_url(person: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    public_url: str = settings.PUBLIC_URL
    return public_url + reverse("invitation", args=[uid, default_token_generator.make_token(person)])


def send(person: User) -> None:
    """E-mail the invitation to a member of a business, in their language or that of the business."""
    assert person.business is not None
    with override(person.language or person.business.language):
        names = {"business": " ".join(person.business.name.split()), "email": person.email}
        invitation = Mail(
            subject=_("Join %(business)s") % names,
            paragraphs=[_("You are invited to answer the customers of “%(business)s” on WhatsApp.") % names],
            button=_("Choose a password"),
            url=invitation_url(person),
            ending=_("After that, sign in with %(email)s and that password.") % names,
        )
        mail.send(invitation, [person.email])
