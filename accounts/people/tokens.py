"""Keys for the API. Only a digest is kept, so a key is shown once."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from accounts.models import ApiToken


def check_end(moment):
    """A token's end is to come, or there is none."""
    if moment and moment <= timezone.now():
        raise ValidationError(_("This time is over. Choose a later one, or leave it empty."))
    return moment


def issue(token):
    """Store a new token for a program (an unsaved ApiToken) and return its key."""
    token.digest, key = get_digest_token()
    token.token_key = key[: CONSTANTS.TOKEN_KEY_LENGTH]
    token.save(force_insert=True)
    return key


def sign_in(user):
    """The key of a new sign-in, which lives as long as it is used."""
    token, key = ApiToken.objects.create(user=user)
    return key
