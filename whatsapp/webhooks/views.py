import logging
import re

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
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

    def get(self, request):
        asked = request.GET
        challenge = asked.get("hub.challenge", "")
        welcome = asked.get("hub.mode") == "subscribe" and re.fullmatch(r"[A-Za-z0-9_.-]{1,200}", challenge)
        if welcome and receive.knows_verify_token(asked.get("hub.verify_token")):
            return plain(200, challenge)
        return plain(403)

    def post(self, request):
        try:
            receive.receive(request.body, request.headers.get("X-Hub-Signature-256", ""))
        except RequestDataTooBig:
            return plain(413)
        except UnreadablePostError:
            return plain(400)
        except receive.NotSigned:
            logger.warning("A webhook without a valid signature was refused.")
            return plain(401)
        except (OperationalError, InterfaceError, UnreadableSecret, receive.NotReadyYet):
            logger.exception("A webhook could not be stored; Meta will post it again.")
            return plain(503)
        return plain(200)


def plain(status, text=""):
    return HttpResponse(text, status=status, content_type="text/plain")
