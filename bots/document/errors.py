"""What pydantic finds in a document, as problems with their paths, codes and sentences."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .part import Part, parts_in
from .report import Problem, below
from .scenario import Scenario

BLANK = ("required", _("Write something here."))
UNSENDABLE = ("bad_character", _("This text holds characters that cannot be sent. Write it again."))
NO_OBJECT = ("wrong_type", _("This must be an object."))
UNKNOWN_KEY = ("unknown_key", _("“%(name)s” is not known here. Known are: %(known)s."))
UNKNOWN_KIND = ("unknown_kind", _("There is no kind “%(kind)s”. Known are: %(known)s."))

#: Types of errors, pydantic's and those of field_types.py → the problem's code, and a sentence that says what to do.
PROBLEMS = {
    "missing": BLANK,
    "required": BLANK,
    "string_type": ("wrong_type", _("This must be text.")),
    "string_unicode": UNSENDABLE,
    "bad_character": UNSENDABLE,
    "too_long": ("too_long", _("At most %(limit)s characters; these are %(length)s. Shorten it.")),
    "bad_key": (
        "bad_key",
        _("A key has 1 to 60 letters, digits, - or _, without blanks. Write it like ask_name."),
    ),
    "int_type": ("wrong_type", _("This must be a whole number.")),
    "not_finite": ("wrong_type", _("This must be a number.")),
    "out_of_range": ("out_of_range", _("Write a number from %(least)s to %(most)s.")),
    "literal_error": ("wrong_type", _("This must be one of: %(words)s.")),
    "tuple_type": ("wrong_type", _("This must be a list.")),
    "too_many": ("too_many", _("At most %(most)s are allowed here.")),
    "dict_type": ("wrong_type", _("This must be an object with names and texts.")),
    "unstorable_json": ("wrong_type", _("This JSON is nested too deep, or holds what cannot be sent.")),
    "too_large": ("too_large", _("This JSON is too large: at most 64 KB are sent.")),
    "model_type": NO_OBJECT,
    "model_attributes_type": NO_OBJECT,
    "extra_forbidden": UNKNOWN_KEY,
    "invalid_key": UNKNOWN_KEY,
    "union_tag_invalid": UNKNOWN_KIND,
    "union_tag_not_found": UNKNOWN_KIND,
}


def problems_of(error: ValidationError) -> Iterator[Problem]:
    """Each error that pydantic found, where it stands in the document."""
    for details in error.errors(include_url=False):
        code, sentence = PROBLEMS[details["type"]]
        yield Problem(_path(details), code, sentence % _parameters(details, code))


def _path(details: ErrorDetails) -> str:
    loc, path = details["loc"], ""
    if loc[-1:] == ("[key]",):
        # The name of a text, and no text under it: the place is that of the object.
        loc = loc[:-2]
    for part in _without_kind(loc):
        path = below(path, part)
    return below(path, "kind") if PROBLEMS[details["type"]] is UNKNOWN_KIND else path


def _without_kind(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Below a union pydantic's path holds the kind, beside the position: ("steps", 0, "menu", "text")."""
    return loc[:2] + loc[3:] if loc[:1] in (("steps",), ("triggers",)) else loc


def _parameters(details: ErrorDetails, code: str) -> dict[str, Any]:
    """What the sentence names."""
    loc, context = details["loc"], details.get("ctx", {})
    if details["type"] == "literal_error":
        return {"words": context["expected"].replace("'", "").replace(" or ", ", ")}
    if code == "unknown_kind":
        known = parts_in(Scenario.fields_by_key()[str(loc[0])].annotation)
        return {"kind": str(details["input"].get("kind"))[:60], "known": ", ".join(known)}
    if code == "unknown_key":
        return {"name": str(loc[-1])[:60], "known": ", ".join(_part_at(loc[:-1]).fields_by_key())}
    return context


def _part_at(loc: tuple[int | str, ...]) -> type[Part]:
    """The part of the document that stands at a place."""
    part: type[Part] = Scenario
    kinds: dict[str, type[Part]] = {}
    for name in loc:
        if name in kinds:
            part, kinds = kinds[str(name)], {}
        elif isinstance(name, str):
            kinds = parts_in(part.fields_by_key()[name].annotation)
            part = kinds.pop("", part)
    return part
