"""
How what people write is compared: their letters, not their keyboard. Search goes by `fold`; keywords, menus, words of
a bot, conditions and opting out go by `normalize` and `trim`; tags by `fold_tag`.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

#: Characters of a text that are compared: the longest that WhatsApp carries.
MAX_LENGTH = 4096

#: Latin and Cyrillic letters that look alike, each at the place of the other.
_LATIN = "ABCEHIJKMOPSTXYaceijopsxy"
_CYRILLIC = "АВСЕНІЈКМОРЅТХУасеіјорѕху"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)

#: A word of letters of both scripts.
_MIXED_WORD = re.compile(r"[A-Za-z\u0400-\u052f]+")
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u052f]")

#: What nobody sees although it counts as a letter or a sign: fillers of Hangul, the blank of Braille.
_BLANKS = str.maketrans(dict.fromkeys("\u115f\u1160\u3164\uffa0\u2800", " "))

#: Marks that make an emoji of a digit or choose how a character is drawn.
_DRAWING_MARKS = frozenset("\u034f\u20e3" + "".join(map(chr, range(0xFE00, 0xFE10))))

#: What is never drawn. Not the joiners and the letters of flags, which make another emoji of the ones beside them.
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_UNSEEN_IN_TAG = re.compile(f"[{_UNSEEN}\ufe00-\ufe0f]")
_AROUND_TAG = re.compile(f"[{_UNSEEN}\u200c\u200d\u115f\u1160\u3164\uffa0\u2800\\s\\x00-\\x1f]")

#: The kinds of characters that say nothing at the ends of a text: punctuation, emoji, №. Not + or $, which do.
_OUTER = ("P", "So", "Sk", "Z")


def fold(text: str) -> str:
    """Text without case, ё like е."""
    return text.casefold().replace("ё", "е")


@lru_cache(maxsize=1024)
def normalize(text: str) -> str:
    """
    Text as it is compared: one Unicode form, no case, ё like е, single blanks, nothing invisible, the digits 0 to 9,
    and a Latin letter that slipped into a Cyrillic word, or the other way round, is one of that word's script.
    """
    shown = visible(unicodedata.normalize("NFC", text[:MAX_LENGTH]))
    return " ".join(fold(_MIXED_WORD.sub(_in_one_script, shown)).split())


def trim_tag(name: str) -> str:
    """A tag's name as it is shown: without blanks and invisible characters around it. Empty when it has no others."""
    return _without_ends(name, lambda character: _AROUND_TAG.match(character) is not None)


def fold_tag(name: str) -> str:
    """
    A tag's name as it is compared: one Unicode form, no case, single blanks, nothing invisible. Whatever can be seen
    counts: punctuation, emoji, and ё, since two tags that became one cannot be told apart again.
    """
    shown = _UNSEEN_IN_TAG.sub("", unicodedata.normalize("NFC", trim_tag(name)).translate(_BLANKS))
    return " ".join(unicodedata.normalize("NFC", shown.casefold()).split())


def visible(text: str) -> str:
    """Text as it looks: without what nobody sees, with blanks for what looks like one, and the digits 0 to 9."""
    return "".join(map(_visible, text.translate(_BLANKS)))


def trim(text: str) -> str:
    """A normalized text without punctuation, quotes and emoji around it; where there is nothing else, as it is."""
    return _without_ends(text, _is_outer) or text


def _without_ends(text: str, is_outer: Callable[[str], bool]) -> str:
    """A text without such characters at its ends."""
    begin, end = 0, len(text)
    while begin < end and is_outer(text[begin]):
        begin += 1
    while begin < end and is_outer(text[end - 1]):
        end -= 1
    return text[begin:end]


def _visible(character: str) -> str:
    """The character; nothing for one that is not seen; an ASCII digit for a digit of any script."""
    if character.isascii():
        return character if character.isprintable() or character.isspace() else ""
    kind = unicodedata.category(character)
    if kind == "Cf" or character in _DRAWING_MARKS or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    return str(unicodedata.digit(character)) if kind == "Nd" else character


def _is_outer(character: str) -> bool:
    return unicodedata.category(character).startswith(_OUTER)


def _in_one_script(word: re.Match[str]) -> str:
    """A word of both scripts in one of them, if all letters of the other have a twin in it."""
    text = word[0]
    latin, cyrillic = "".join(_LATIN_LETTER.findall(text)), "".join(_CYRILLIC_LETTER.findall(text))
    if not latin or not cyrillic:
        return text
    may_be_cyrillic = all(letter in _LATIN for letter in latin)
    may_be_latin = all(letter in _CYRILLIC for letter in cyrillic)
    if may_be_cyrillic and may_be_latin:
        may_be_cyrillic = len(cyrillic) >= len(latin)
    if may_be_cyrillic:
        return text.translate(_TO_CYRILLIC)
    return text.translate(_TO_LATIN) if may_be_latin else text
