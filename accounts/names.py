"""Names that people give: one in which nothing can be seen is none."""

import unicodedata

#: How fields are called that hold one.
NAME_FIELDS = frozenset({"name", "title", "business_name"})

#: What nobody sees although it counts as a letter or a sign: fillers of Hangul, the blank of Braille.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")

#: Blanks, characters of control and of format, and marks, which are seen only on a letter.
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Me"})


def clean_name(text: str) -> str:
    """A name without blanks around it; empty when nothing can be seen in it."""
    return text.strip() if is_visible(text) else ""


def is_visible(text: str) -> bool:
    """Whether anything can be seen in a text."""
    return any(unicodedata.category(part) not in _UNSEEN and part not in _BLANK_LETTERS for part in text)
