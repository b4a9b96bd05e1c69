"""JSON from strangers, read so that every value can be stored in both databases and read back."""

import json
import math
from typing import Any

#: Deeper than anything Meta sends; Python's own limit ends the process's stack much later.
MAX_DEPTH = 64

#: Longer than any id; Python refuses to read back integers of over 4300 digits.
MAX_DIGITS = 30


def safe_loads(body: bytes) -> Any:
    """
    The value of JSON in bytes. What cannot be stored is left out or written differently: bad UTF-8, NUL and lone
    surrogates become replacement characters or nothing, NaN and infinities null, integers of absurd length text.
    Raises ValueError for what is not JSON or too deep.
    """
    try:
        value = json.loads(
            body.decode("utf-8", "replace"), parse_int=_integer, parse_float=_number, parse_constant=_nothing
        )
    except RecursionError as error:
        raise ValueError("The JSON is too deep.") from error
    return _storable(value, MAX_DEPTH)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def _number(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _nothing(name: str) -> None:
    return None


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, dict | list) and not depth:
        raise ValueError("The JSON is too deep.")
    if isinstance(value, dict):
        return {_storable_text(key): _storable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth - 1) for item in value]
    return value


def _storable_text(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
