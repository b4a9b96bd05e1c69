"""The link with which an invited person chooses a password: valid once, and as long as that of a password reset."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User


def invitation_url(person: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    public_url: str = settings.PUBLIC_URL
    return public_url + reverse("invitation", args=[uid, default_token_generator.make_token(person)])


def send(person: User) -> None:
    """E-mail the invitation to a member of a business, in their language or that of the business."""
    assert person.business is not None
    with override(person.language or person.business.language):
        send_mail(
            _("Join %(business)s") % {"business": " ".join(person.business.name.split())},
            render_to_string("accounts/invitation_email.txt", {"person": person, "url": invitation_url(person)}),
            from_email=None,
            recipient_list=[person.email],
        )
