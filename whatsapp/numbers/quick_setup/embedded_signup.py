"""Embedded signup: Meta's window in a browser yields a code, which is exchanged here for an access token."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.refusals import Refusal
from whatsapp.graph.accounts import exchange_code
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble


def token_for(code: str) -> str:
    """
    The access token for a code; never inside a transaction. Raises ValidationError for a code that Meta refuses,
    Refusal: `embedded_signup_off`, or `meta_unreachable`.
    """
    if not (settings.META_APP_ID and settings.META_APP_SECRET):
        raise Refusal(
            "embedded_signup_off",
            _("Embedded signup needs META_APP_ID and META_APP_SECRET in the settings of the installation."),
        )
    try:
        token = exchange_code(settings.META_APP_ID, settings.META_APP_SECRET, code)
    except CloudApiError as error:
        if error.http_status < 500:
            text = _("Meta does not accept this code: it is valid for 30 seconds and works once. (Meta: %(error)s)")
            raise ValidationError({"code": text % {"error": error.summary}}, code="code_refused") from error
        raise _try_again() from error
    except AnswerLost as error:
        raise _try_again() from error
    except CloudApiTrouble as trouble:
        raise Refusal("meta_unreachable", str(trouble)) from trouble
    if not token:
        raise _try_again()
    return token


def _try_again() -> Refusal:
    return Refusal("meta_unreachable", _("Meta did not answer with a token. Sign up again."))
