"""`Idempotency-Key`: a POST that is repeated because its response was lost runs once, and gets the same response."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import IdempotentRequest
from accounts.refusals import Refusal
from accounts.tenancy.scope import signed_in

#: How long a response is there for a repeated request.
RETENTION = timedelta(days=7)

Method = TypeVar("Method", bound=Callable[..., Response])


def idempotent(method: Method) -> Method:
    """
    Decorate a viewset's POST that sends.

    With the header, the method runs in the transaction that stores its key: its effects and its response are committed
    together or not at all, also when the process is killed, and a second request with the key waits for the first. So
    the method must not call the network. A refused request (an exception) leaves the key free.
    """

    @wraps(method)
    def run_once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or not key:
            return method(view, request, *args, **kwargs)
        _check_length(key)
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            stored, is_first = IdempotentRequest.objects.get_or_create(
                user=signed_in(request), key=key, defaults={"fingerprint": fingerprint}
            )
            if not is_first:
                return _stored_response(stored, fingerprint)
            response = method(view, request, *args, **kwargs)
            stored.status_code, stored.body = response.status_code, response.data
            stored.save(update_fields=["status_code", "body"])
            return response

    return cast(Method, run_once)


def _check_length(key: str) -> None:
    longest = IdempotentRequest._meta.get_field("key").max_length or 0
    if len(key) > longest:
        raise Refusal(
            "idempotency_key_too_long",
            _("Idempotency-Key is longer than %(longest)s characters.") % {"longest": longest},
            status=400,
        )


def _fingerprint(request: Request) -> str:
    """A digest of a request: the address and the parsed body, with the bytes of uploaded files."""
    data = dict(request.data.lists()) if hasattr(request.data, "lists") else request.data
    content = json.dumps([request.get_full_path(), data], sort_keys=True, default=_digest_of_file)
    return hashlib.sha256(content.encode()).hexdigest()


def _digest_of_file(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _stored_response(stored: IdempotentRequest, fingerprint: str) -> Response:
    """The response of the first request with a key. Raises Refusal("idempotency_key_reused") for another request."""
    if stored.fingerprint != fingerprint:
        raise Refusal(
            "idempotency_key_reused",
            _("This Idempotency-Key was used with another request. Use a new key for every request."),
            status=422,
        )
    return Response(stored.body, status=stored.status_code)


def delete_old_responses() -> int:
    """Delete the responses whose retention is over. Returns how many."""
    return IdempotentRequest.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()[0]
