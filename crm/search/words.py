"""
What people type to find a message, word by word and in whatever form. A text is cut into words and folded in the same
way here and in the indexes of the databases (crm.search.index).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from os.path import commonprefix

from crm.normalization import fold

#: What stands between words, as Python's and PostgreSQL's regular expressions have it: blanks, punctuation, signs and
#: emoji. Not every such character of Unicode, but those that people put beside letters.
SEPARATORS = (
    r"\s!-/:-@\[-`{-~\u0080-\u00bf\u00d7\u00f7\u2000-\u2bff\u3000-\u303f\ufe00-\ufe0f\uff01-\uff0f"
    r"\U0001F000-\U0001FFFF"
)

#: Words of a query that are looked for; what is typed after them is not.
MAX_WORDS = 8
#: Characters of a query, and of a text, that are read.
MAX_QUERY, MAX_TEXT = 200, 4096

#: Russian words lose a vowel before their last consonant («скидок», «скидка»), mostly one of these.
_FLEETING, _BEFORE = "ое", "кнц"
_CONSONANT = "бвгджзйклмнпрстфхцчшщь"

#: A stem as short as this begins too many other words («ча» of «чай»): then its forms are looked for.
SHORT_STEM = 2
#: How Russian words end, after so short a stem.
ENDINGS = (
    " а е ё и й о у ы ь э ю я ам ами ах ая ев его ее ей ем ему ею ёй ём ий им ими их ию ия иям иях ов ого ое ой ом ому"
    " ою ую ые ый ым ыми ых юю яя ям ями ях ье ьев ьей ьем ью ья ьям ьями ьях"
)

_SEPARATED = re.compile(f"[{SEPARATORS}]+")
_LATIN = re.compile("[a-z]")


@dataclass(frozen=True)
class Word:
    """A word to be found: whatever begins with one of `prefixes`, or is one of `forms`."""

    prefixes: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """A regular expression of its beginning in a folded text."""
        either = "|".join(map(re.escape, self.prefixes or self.forms))
        end = "" if self.prefixes else f"(?![^{SEPARATORS}])"
        return f"(?<![^{SEPARATORS}])(?:{either}){end}"


@dataclass(frozen=True)
class Query:
    """Words all of which a text must have."""

    words: tuple[Word, ...]

    @classmethod
    def of(cls, typed: str) -> "Query":
        folded = fold(unicodedata.normalize("NFC", typed[:MAX_QUERY]))
        words = [word for word in _SEPARATED.split("".join(map(_readable, folded))) if word]
        return cls(tuple(dict.fromkeys(_word(word) for word in words[:MAX_WORDS])))

    def matcher(self) -> Callable[[str], bool]:
        """Says of a text whether it has these words, as the indexes do."""
        patterns = [re.compile(word.pattern) for word in self.words]
        return lambda text: all(pattern.search(_folded(text)) for pattern in patterns)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where a text has these words: the beginning and the end of each, in order."""
        folded = _folded(text)
        if not self.words or len(folded) != len(text[:MAX_TEXT]):
            return []
        either = "|".join(word.pattern for word in self.words)
        return [match.span() for match in re.finditer(rf"(?:{either})[^{SEPARATORS}]*", folded)]


def _folded(text: str) -> str:
    return text[:MAX_TEXT].lower().replace("ё", "е")


def _readable(character: str) -> str:
    """A letter, a digit or a mark on one; a blank for what no index knows as a part of a word."""
    return character if unicodedata.category(character)[0] in "LNM" else " "


@lru_cache(maxsize=1024)
def _word(word: str) -> Word:
    stem = _stem(word)
    if len(stem) > SHORT_STEM:
        return Word(prefixes=tuple(_spellings(stem)))
    forms = [word, *(fold(stem + ending) for ending in ENDINGS.split(" "))] if len(word) > SHORT_STEM else [word]
    return Word(forms=tuple(dict.fromkeys(forms)))


def _stem(word: str) -> str:
    """What the forms of a word have in common: the part of its stem with which it begins itself."""
    # Not above: few processes ever search, and each would have the rules of forty languages in its memory.
    from snowballstemmer import stemmer

    language = "english" if _LATIN.match(word) else "russian"
    return commonprefix([word, stemmer(language).stemWord(word)])


def _spellings(stem: str) -> list[str]:
    """A stem, and what it is where a vowel comes in or goes out before its last consonant."""
    consonant, before, last = stem[-3], stem[-2], stem[-1]
    if last not in _BEFORE:
        return [stem]
    if before in _FLEETING and consonant in _CONSONANT and len(stem) > SHORT_STEM + 1:
        return [stem, stem[:-2] + last]
    if before in _CONSONANT:
        return [stem, *(stem[:-1] + vowel + last for vowel in _FLEETING)]
    return [stem]
