"""`Idempotency-Key`: a POST that is repeated because its answer was lost is carried out once and answered alike."""

import hashlib
import json
from datetime import timedelta
from functools import wraps

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.response import Response

from accounts.models import IdempotentRequest
from accounts.refusals import Refusal

#: How long an answer is there for a repeated request.
RETENTION = timedelta(days=7)


def idempotent(method):
    """
    Decorate a viewset's POST that sends.

    With the header, the method runs in the transaction that keeps its key: what it did and the answer are stored
    together or not at all, also when the process is killed, and a second request with the key waits for the first.
    So the method must not call the network. A refused request (an exception) leaves the key free.
    """

    @wraps(method)
    def answer_once(view, request, *args, **kwargs):
        key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or not key:
            return method(view, request, *args, **kwargs)
        refuse_long(key)
        asked = fingerprint(request)
        with transaction.atomic():
            kept, is_first = IdempotentRequest.objects.get_or_create(
                user=request.user, key=key, defaults={"fingerprint": asked}
            )
            if not is_first:
                return repeated_answer(kept, asked)
            response = method(view, request, *args, **kwargs)
            kept.status_code, kept.body = response.status_code, response.data
            kept.save(update_fields=["status_code", "body"])
            return response

    return answer_once


def refuse_long(key):
    longest = IdempotentRequest._meta.get_field("key").max_length
    if len(key) > longest:
        raise Refusal(
            "idempotency_key_too_long",
            _("Idempotency-Key is longer than %(longest)s characters.") % {"longest": longest},
            status=400,
        )


def fingerprint(request):
    """A digest of what is asked: the address and the parsed body, with the bytes of uploaded files."""
    data = dict(request.data.lists()) if hasattr(request.data, "lists") else request.data
    asked = [request.get_full_path(), data]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=digest_of_file).encode()).hexdigest()


def digest_of_file(file):
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def repeated_answer(kept, asked):
    if kept.fingerprint != asked:
        raise Refusal(
            "idempotency_key_reused",
            _("This Idempotency-Key came with another request before. Use a new key for every request."),
            status=422,
        )
    return Response(kept.body, status=kept.status_code)


def forget_old_answers():
    """Remove answers past their time and return how many."""
    return IdempotentRequest.objects.filter(created_at__lt=timezone.now() - RETENTION).delete()[0]
