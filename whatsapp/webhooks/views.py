import logging
import re

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from whatsapp.secrets.encryption import UnreadableSecret

from . import receive

logger = logging.getLogger(__name__)


@method_decorator(csrf_exempt, name="dispatch")
class WebhookView(View):
    """Where Meta posts events, after a handshake by GET. Whatever is not answered 200, Meta posts again for days."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the handshake with its challenge (Webhooks, "Verification requests")."""
        challenge = request.GET.get("hub.challenge", "")
        is_handshake = request.GET.get("hub.mode") == "subscribe" and re.fullmatch(r"[A-Za-z0-9_.-]{1,200}", challenge)
        if is_handshake and receive.is_verify_token(request.GET.get("hub.verify_token", "")):
            return _plain(200, challenge)
        return _plain(403)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the changes of a POST, and answer."""
        try:
            receive.receive(request.body, request.headers.get("X-Hub-Signature-256", ""))
        except RequestDataTooBig:
            return _plain(413)
        except UnreadablePostError:
            return _plain(400)
        except receive.NotSigned:
            logger.warning("A webhook without a valid signature was refused.")
            return _plain(401)
        except (OperationalError, InterfaceError, UnreadableSecret, receive.NotReady):
            logger.exception("A webhook could not be stored; Meta will post it again.")
            return _plain(503)
        return _plain(200)


def _plain(status: int, text: str = "") -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain")
