import json
import math
from contextlib import contextmanager

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

#: Deeper than any document of the API. Python's own limit is met later, at some other place on the way.
MAX_DEPTH = 64


class StorableJSONParser(JSONParser):
    """JSON without what a database cannot keep: NUL characters, halves of characters, infinity, endless nesting."""

    def parse(self, stream, media_type=None, parser_context=None):
        with told_as_mistakes():
            data = super().parse(stream, media_type, parser_context)
            check(data)
        return data


class StorableMultiPartParser(MultiPartParser):
    """
    A form with a file, for the views that take one. Its other fields, should they hold a JSON document, are as JSON
    is.
    """

    def parse(self, stream, media_type=None, parser_context=None):
        parsed = super().parse(stream, media_type, parser_context)
        with told_as_mistakes():
            for texts in dict(parsed.data.lists()).values():
                for text in texts:
                    check(document_in(text))
        return parsed


@contextmanager
def told_as_mistakes():
    """What Python runs into while it reads a document is a mistake of whoever sent it."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise ParseError(_("The body holds half of a character.")) from error
    except RecursionError as error:
        raise ParseError(_("The body is nested too deeply.")) from error


def document_in(text):
    """The JSON document that a text is, or the text."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def check(data):
    for part, depth in parts_of(data):
        check_part(part, depth)


def parts_of(data):
    """Every value of a parsed document, keys included, and how deep it lies."""
    waiting = [(data, 0)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, dict):
            waiting += [(inner, depth + 1) for inner in (*part, *part.values())]
        elif isinstance(part, list):
            waiting += [(inner, depth + 1) for inner in part]


def check_part(part, depth):
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(part, str):
        part.encode()
        if "\0" in part:
            raise ParseError(_("The body holds a NUL character."))
    if isinstance(part, float) and not math.isfinite(part):
        raise ParseError(_("The body holds a number that is too large."))
