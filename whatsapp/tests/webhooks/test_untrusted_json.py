import json

import pytest

from whatsapp.webhooks.safe_json import safe_loads


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "\\u0439"]}', {"a": [1, 2.5, True, None, "й"]}),
        (b'{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999}', {"a": None, "b": None, "c": None, "d": None}),
        (b'["a\\u0000b", {"\\u0000k": 1}]', ["ab", {"k": 1}]),
        (b'["\\ud800 alone", "\\ud83d\\ude00 pair"]', ["? alone", "\U0001f600 pair"]),
        (b'["bad \xff utf-8"]', ["bad \N{REPLACEMENT CHARACTER} utf-8"]),
        (b"[1583300912204417]", [1583300912204417]),
        (b"[" + b"9" * 5000 + b"]", ["9" * 5000]),
        (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
    ],
    ids=["plain", "not finite", "nul", "surrogates", "bad utf-8", "id", "huge integer", "deep"],
)
def test_what_can_be_stored_is_kept(body, value):
    assert safe_loads(body) == value


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 65 + b"]" * 65, b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 100_000],
    ids=["empty", "cut", "binary", "too deep", "far too deep", "deep and cut"],
)
def test_what_is_no_json_or_too_deep_is_refused(body):
    with pytest.raises(ValueError):
        safe_loads(body)
