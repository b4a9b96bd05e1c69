"""F2: the slowest pattern that a user can write, on the longest text that a customer can send."""

import os
import time

from .measuring import SECRETS, in_turns, main, seconds_of
from .results import Row

#: Patterns that keep backtracking engines busy for ages.
PATTERNS = [
    "(a+)+$",
    "(a|aa)+$",
    "(a*)*b",
    "(.*)*x",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(\w+\s*)+$!",
    "(а|б|в|г|д|е|ж|з|и|к){1,50}я",
    "(x+x+)+y",
    ".*.*.*.*.*.*.*.*z",
    r"[\w\d]{1,200}[\w\d]{1,200}!",
    r"\w{1,40}!",
    "(.{0,30}){0,30}x",
    "(.{0,10}){0,10}x",
    ".{1,120}!",
]
TEXTS = ["a" * 4095 + "!", "ab " * 1365, "заказ " * 682, "x" * 4096]


def slowest_match(_whole):
    os.environ.update(SECRETS, DATABASE_URL="sqlite://:memory:")
    import django

    django.setup()
    from django.core.exceptions import ValidationError

    from bots.document.matching import compiled, matches

    def seconds(pattern, text):
        try:
            compiled(pattern)
        except ValidationError:
            return 0
        return seconds_of(lambda: matches("regex", pattern, text), clock=time.process_time)

    def slowest():
        return max(seconds(pattern, text) for pattern in PATTERNS for text in TEXTS)

    [ours] = in_turns(slowest)
    yield Row(f"F2 one match of {len(PATTERNS)} patterns on {len(TEXTS)} texts", "≤ 10 ms", ours * 1000, "ms")


if __name__ == "__main__":
    main({"F2 the slowest pattern on 4096 characters": slowest_match})
