"""Error responses of the API: `{"detail", "code"}`, or lists of messages by field."""

import logging
from typing import Any

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

#: Messages of DRF that its Russian catalogue lacks. Named here, they are translated in ours.
UNTRANSLATED_MESSAGES = (
    gettext_noop("Must be a valid boolean."),
    gettext_noop("Not a valid string."),
    gettext_noop("Ensure this field has no more than {max_length} elements."),
    gettext_noop("Datetime value out of range."),
)


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """
    DRF's handler, with `code` beside every `detail`. A Refusal has its own status; a ValidationError of a model or a
    domain function is a 400 by field; an IntegrityError, of two requests that saved the same thing, is a 409.
    """
    if isinstance(exception, IntegrityError):
        # The first line names the constraint; PostgreSQL's others hold the values.
        logger.warning("Two requests saved the same thing: %s", str(exception).partition("\n")[0])
        exception = Refusal("conflict", _("Somebody saved the same thing at the same moment. Check, and try again."))
    if isinstance(exception, ValidationError):
        exception = exceptions.ValidationError(as_serializer_error(exception))
    if isinstance(exception, Refusal):
        set_rollback()
        return Response({"detail": str(exception), "code": exception.code}, status=exception.status)
    if isinstance(exception, exceptions.UnsupportedMediaType):
        exception.detail = exceptions.ErrorDetail(_unsupported_type_text(context["request"]), exception.default_code)
    if isinstance(exception, Http404):
        exception = exceptions.NotFound(_("There is nothing with this id."))
    response = rest_framework_handler(exception, context)
    if response is not None and isinstance(response.data, dict) and "detail" in response.data:
        response.data.setdefault("code", getattr(response.data["detail"], "code", "error"))
    return response


def _unsupported_type_text(request: Request) -> str:
    text = _("Send the body as one of these types, and name it in the header Content-Type: %(types)s.")
    return text % {"types": ", ".join(parser.media_type for parser in request.parsers or ())}
