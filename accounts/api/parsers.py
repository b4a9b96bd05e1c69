"""Parsers that refuse what a database cannot store: NUL characters, lone surrogates, infinity, endless nesting."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles, JSONParser, MultiPartParser

#: Deeper than any document of the API, and less deep than where Python's recursion ends.
MAX_DEPTH = 64


class StorableJSONParser(JSONParser):
    """A JSON body."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        with _errors_of_python_refused():
            data = super().parse(stream, media_type, parser_context)
            _check_storable(data)
        return data


class StorableMultiPartParser(MultiPartParser):
    """A form with a file, for views that take one. JSON in its other fields obeys the rules of JSON bodies."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        parsed = super().parse(stream, media_type, parser_context)
        with _errors_of_python_refused():
            for texts in dict(parsed.data.lists()).values():
                for text in texts:
                    _check_storable(_json_or_text(str(text)))
        return parsed


@contextmanager
def _errors_of_python_refused() -> Iterator[None]:
    """Answer the errors that Python raises while it reads a document with a ParseError."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise ParseError(_("The body holds half of a character.")) from error
    except RecursionError as error:
        raise ParseError(_("The body is nested too deeply.")) from error


def _json_or_text(text: str) -> Any:
    """The JSON document that a text is; otherwise the text."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _check_storable(document: Any) -> None:
    """Raise ParseError, UnicodeEncodeError or RecursionError for the first value that cannot be stored."""
    for value, depth in _values(document):
        if depth > MAX_DEPTH:
            raise RecursionError
        if isinstance(value, str):
            value.encode()
            if "\0" in value:
                raise ParseError(_("The body holds a NUL character."))
        if isinstance(value, float) and not math.isfinite(value):
            raise ParseError(_("The body holds a number that is too large."))


def _values(document: Any) -> Iterator[tuple[Any, int]]:
    """Every value of a parsed document, keys included, with its depth."""
    waiting = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting += [(inner, depth + 1) for inner in (*value, *value.values())]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]
