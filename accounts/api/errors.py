"""How the API says no: `{"detail", "code"}`, or a list of sentences by field."""

import logging

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler as rest_framework_handler
from rest_framework.views import set_rollback

from accounts.refusals import Refusal

logger = logging.getLogger(__name__)

#: What DRF says and its Russian catalogue lacks. Named here, it is in ours.
SENTENCES_OF_REST_FRAMEWORK = (
    gettext_noop("Must be a valid boolean."),
    gettext_noop("Not a valid string."),
    gettext_noop("Ensure this field has no more than {max_length} elements."),
    gettext_noop("Datetime value out of range."),
)


def exception_handler(exception, context):
    """
    DRF's handler, with `code` beside every `detail`. Refusals are answered with their own status, what a model or a
    domain function finds wrong with its input is a 400 by field, and two that save the same at once are told so.
    """
    if isinstance(exception, IntegrityError):
        # The first line names the constraint; PostgreSQL's others hold the values.
        logger.warning("Two requests met: %s", str(exception).partition("\n")[0])
        exception = Refusal("conflict", _("Somebody saved the same at the same moment. Look, and try again."))
    if isinstance(exception, ValidationError):
        exception = exceptions.ValidationError(as_serializer_error(exception))
    if isinstance(exception, Refusal):
        set_rollback()
        return Response({"detail": str(exception), "code": exception.code}, status=exception.status)
    if isinstance(exception, exceptions.UnsupportedMediaType):
        exception.detail = exceptions.ErrorDetail(_accepted_types(context["request"]), exception.default_code)
    if isinstance(exception, Http404):
        exception = exceptions.NotFound(_("There is nothing with this id."))
    response = rest_framework_handler(exception, context)
    if response is not None and isinstance(response.data, dict) and "detail" in response.data:
        response.data.setdefault("code", getattr(response.data["detail"], "code", "error"))
    return response


def _accepted_types(request: Request) -> str:
    sentence = _("Send the body as one of these types, and name it in the header Content-Type: %(types)s.")
    return sentence % {"types": ", ".join(parser.media_type for parser in request.parsers)}
