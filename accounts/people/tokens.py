"""Keys for the API. Only a digest is stored, so a key is shown once."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from accounts.models import ApiToken, User


def check_expiry(moment: datetime | None) -> None:
    """Raise ValidationError for an expiry that is in the past. None means that the token never expires."""
    if moment and moment <= timezone.now():
        raise ValidationError(_("This time is in the past. Choose a later one, or leave it empty."))


def issue(token: ApiToken) -> str:
    """Store a new token for a program (an unsaved ApiToken) and return its key."""
    token.digest, key = get_digest_token()
    token.token_key = key[: CONSTANTS.TOKEN_KEY_LENGTH]
    token.save(force_insert=True)
    return key


def sign_in(user: User) -> str:
    """The key of a new sign-in, which stays valid while it is used."""
    key: str
    _token, key = ApiToken.objects.create(user=user)
    return key
