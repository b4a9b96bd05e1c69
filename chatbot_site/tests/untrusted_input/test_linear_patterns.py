"""
No text of a stranger holds up a process: every pattern of ours takes time in proportion to the text, logs included.

Each pattern is searched as the code searches it, in texts that make patterns slow: 100 kB of a repeated piece, after
a beginning that matches and before an end that does not. The bounds are of processor time and generous.
"""

import logging
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.logging.error_reports import SecretsFilter
from accounts.logging.redaction import RULES, RULES_OF_NAMES, RedactingFormatter, redact
from bots.document.matching import matches
from chatbot_site.tests.untrusted_input.our_patterns import Use, unseen_patterns, uses
from whatsapp.models.number import meta_id

pytestmark = pytest.mark.slow

SIZE = 100_000

#: For each pattern fewer than elsewhere: there are many, and SIZE is large.
EXAMPLES = settings().max_examples // 4

#: Seconds for SIZE characters; what takes longer than NOTICED must not grow faster than the text, either.
LIMIT, NOTICED = 1.0, 0.2
MOST_GROWTH = 25

#: What takes less for a tenth of SIZE stays below LIMIT with the square of the length too.
HARMLESS = LIMIT / 200

#: What is repeated.
PIECES = [
    *"\\\"'a0+-._/:@=,;|%<>&?#{}[]()~* \t\n\r\x00яё۳",
    *(
        "ab",
        "a.",
        "a-",
        "a ",
        "a,",
        "a/",
        "1 ",
        "1.",
        ".a",
        "::",
        "//",
        "://",
        "\\\\",
        '\\"',
        "\\\n",
        '""',
        '",',
        ',"',
    ),
    *("{{", "}}", "{{a", "{{a ", "{{ ", "{{a}}", '{{a|default:"', "[1", "[1]", "[a", "[^", "\\p{L}", "steps[0]."),
    *("&quot;", "token", "token=", 'token="', "token='", 'token=\\"', "token=&quot;", '"pin": ', "a.token ", "EAA"),
    *("authorization: ", "bearer ", "Basic ", "12345|", "12345%7C", "://a:b", "?code=", "+1 ", "f" * 32, "a" * 43),
    *("bytes=", "https://a", "a@", "1,1E", "+0", "TIER_1", "/v1.0", "US.", "09:00-", "2026-01-"),
]

#: What stands before it, and behind it.
BEGINNINGS = ["", 'token="', "token", "authorization: bearer ", "{{", '{{a|default:"', "[", "https://", "://a:", "a"]
ENDS = ["", "!\n", '"', "\x00a"]


class TooSlow(Exception):
    pass


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Raise TooSlow within what takes more processor time; where there are no timers it is waited for."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_args: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds_of(work: Callable[[str], object], text: str) -> float:
    """The processor time that some work on a text takes; it is ended at twice LIMIT."""
    begun = time.thread_time()
    try:
        with ended_after(2 * LIMIT):
            work(text)
    except TooSlow:
        return 2 * LIMIT
    return time.thread_time() - begun


def searched(use: Use) -> Callable[[str], object]:
    """The pattern over a whole text, in the way in which the code uses it."""
    run = getattr(use.pattern, use.method)

    def search(text: str) -> None:
        found = run(text.encode() if isinstance(use.pattern.pattern, bytes) else text)
        for _match in found if use.method == "finditer" else ():
            pass

    return search


def assert_linear(work: Callable[[str], object], beginning: str, piece: str, end: str, harmless: float = 0) -> None:
    def text(size: int) -> str:
        return beginning + piece * (size // len(piece)) + end

    for size in (100, 1000, SIZE // 10):
        # What explodes is found before it takes for ever.
        assert (short := seconds_of(work, text(size))) < LIMIT, (size, beginning, piece, end)
    if short < harmless:
        return
    whole = seconds_of(work, text(SIZE))
    assert whole < LIMIT, (whole, beginning, piece, end)
    assert whole < NOTICED or whole < MOST_GROWTH * short, (short, whole, beginning, piece, end)


def test_every_pattern_is_seen():
    assert unseen_patterns() == [], "Compile these patterns in their modules, under a name."


def test_patterns_in_tables_classes_functions_and_fields_are_seen():
    patterns = {use.pattern for use in uses()}
    assert len(patterns) > 60
    assert patterns > {
        RULES[0][1],
        SecretsFilter.hidden_settings,
        re.compile(r"[/\\]"),
        re.compile(meta_id.regex.pattern),
    }


def test_the_way_in_which_a_pattern_is_used_is_seen():
    methods = {use.place: use.method for use in uses()}
    assert methods["crm.media.media.MIME"] == "fullmatch"
    assert methods["bots.document.step_checks.BEGINNING"] == "match"
    assert methods["crm.customers.files.file_format.TAG"] == "finditer"


every_use = pytest.mark.parametrize("use", uses(), ids=str)


@every_use
def test_a_pattern_is_linear_in_texts_known_to_make_patterns_slow(use):
    for beginning in BEGINNINGS:
        for piece in PIECES:
            assert_linear(searched(use), beginning, piece, ENDS[len(piece) % len(ENDS)], HARMLESS)


@every_use
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_pattern_is_linear_in_texts_made_of_what_it_matches(use, data):
    written = st.from_regex(use.pattern)
    if isinstance(use.pattern.pattern, bytes):
        written = written.map(lambda match: match.decode("latin-1"))
    match = data.draw(written)[:200]
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(match)), st.integers(0, len(match)))))
    piece = data.draw(st.sampled_from([*PIECES, match[first:last] or "a", match or "a"]))
    assert_linear(searched(use), match[:first], piece, data.draw(st.sampled_from([*ENDS, match[last:]])))


# What is made of them


def log_line(text: str) -> str:
    """What is logged of an error that happened to somebody's text."""
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", (text,), None)
    try:
        raise ValueError(text)
    except ValueError:
        record.exc_info = sys.exc_info()
    return RedactingFormatter("{asctime} {levelname} {name}: {message}", style="{").format(record)


def test_redacting_is_linear_in_texts_known_to_make_patterns_slow():
    for beginning in BEGINNINGS:
        for piece in PIECES:
            assert_linear(redact, beginning, piece, ENDS[len(piece) % len(ENDS)], HARMLESS)


def test_logging_is_linear_in_texts_known_to_make_patterns_slow():
    for piece in PIECES:
        assert_linear(log_line, 'token="', piece, "")


@pytest.mark.parametrize("work", [redact, log_line])
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_redacting_is_linear_in_texts_made_of_secrets(work, data):
    rules = st.sampled_from([pattern for pattern, _replacement in RULES_OF_NAMES])
    secret = rules.flatmap(st.from_regex).map(lambda text: text[:200])
    piece = st.sampled_from(PIECES) | secret.map(lambda text: text or "a")
    assert_linear(work, data.draw(secret), data.draw(piece), data.draw(secret | st.sampled_from(ENDS)))


@pytest.mark.parametrize("word", ["a", "aa", "a" * 2000, "a " * 1000, "aб" * 1000, "\\" * 2000])
def test_a_word_is_found_in_time_proportionate_to_the_text(word):
    assert_linear(lambda text: matches("contains", word, text), "", word[:2], "b")


def test_the_pattern_that_once_held_up_everything_would_be_found():
    slow = re.compile(r"""token=(?P<quote>["'])(?:\\.|(?!(?P=quote)).)+(?P=quote)""")
    with pytest.raises(AssertionError):
        assert_linear(searched(Use("once", slow, "finditer")), 'token="', "\\", "")
