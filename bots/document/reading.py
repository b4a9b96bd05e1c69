"""Documents as models: those that were published, and drafts that may be unfinished."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ValidationError

from .part import Part, parts_in
from .scenario import Scenario

P = TypeVar("P", bound=Part)

#: Versions that a process has in their parsed form.
MAX_CACHED = 500

_cache: dict[Hashable, Scenario] = {}


def read_version(definition: Any) -> Scenario:
    """A published document. It was valid when it was published: limits that came later do not stop it."""
    try:
        return Scenario.model_validate(definition)
    except ValidationError:
        return read_draft(definition)


def cached_version(key: Hashable, read_definition: Callable[[], Any]) -> Scenario:
    """A published document, read and parsed once in this process. `key` is no other version's, not even later."""
    scenario = _cache.get(key)
    if scenario is None:
        scenario = read_version(read_definition())
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[key] = scenario
    return scenario


def read_draft(definition: Any) -> Scenario:
    """
    A document whose form is right, though it may be unfinished: nothing is checked, and what is missing is blank: an
    empty text or list, or 0.
    """
    return _read_part(Scenario, definition)


def _read_part(part: type[P], values: dict[str, Any]) -> P:
    read = {
        key: _read(field.annotation, values[key]) if key in values else _blank(field.annotation)
        for key, field in part.fields_by_key().items()
        if key in values or field.is_required()
    }
    return part.model_construct(**read)


def _read(annotation: Any, value: Any) -> Any:
    if get_origin(annotation) is tuple:
        return tuple(_read(get_args(annotation)[0], item) for item in value)
    parts = parts_in(annotation)
    if not parts:
        return value
    return _read_part(parts[value["kind"] if len(parts) > 1 else next(iter(parts))], value)


def _blank(annotation: Any) -> Any:
    if get_origin(annotation) is tuple:
        return ()
    return 0 if annotation is int else ""
