"""F2: the slowest pattern that a user can write, on the longest text that a customer can send."""

import os

from .measuring import SECRETS, in_turns, seconds_of, table

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


def main():
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
        return seconds_of(lambda: matches("regex", pattern, text))

    def slowest():
        return max(seconds(pattern, text) for pattern in PATTERNS for text in TEXTS)

    [ours] = in_turns(slowest)
    table(
        f"F2 patterns: the slowest of {len(PATTERNS)} on {len(TEXTS)} texts of 4096 characters",
        [("one match", "≤ 10 ms", "", f"{ours * 1000:.2f} ms", f"{ours / 0.01:.2f}")],
    )


if __name__ == "__main__":
    main()
