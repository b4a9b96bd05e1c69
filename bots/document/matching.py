"""Whether a text is what a keyword, a choice or a word of the bot means (crm.normalization)."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.normalization import normalize, trim, visible

from .limits import MAX_PATTERN

#: RE2 works on each character of a text for as many places as a pattern may be at. With so many a match takes less
#: than 10 ms.
MAX_PLACES = 250
MAX_MEMORY = 2**20

#: RE2's own classes know ASCII only: these are what people mean. The second form goes inside [...].
UNICODE_CLASSES = {
    "w": (r"[\p{L}\p{N}_]", r"\p{L}\p{N}_"),
    "W": (r"[^\p{L}\p{N}_]", None),
    "d": (r"\p{Nd}", r"\p{Nd}"),
    "D": (r"\P{Nd}", r"\P{Nd}"),
    "b": (None, None),
    "B": (None, None),
}

#: One place of a pattern: [...], closed or not, \p{...}, an escape, a dot.
CLASS_OF_CHARACTERS = re.compile(r"\[(?:\\.|[^\]\\])*(?:\]|\Z)|\\[pP]\{\w+\}|\\.|\.", re.DOTALL)


def matches(match: str, value: str, text: str) -> bool:
    """Whether a keyword trigger's `value` meets a text in the way `match` says."""
    return MATCHERS[match](value, normalize(text))


def compared(match: str, value: str) -> str:
    """What of a keyword's value matters: two keywords of one `match` with the same meet the same texts."""
    return _normalized(value) if match == "regex" else trim(normalize(value))


def is_same(first: str, second: str) -> bool:
    """Whether two normalized texts say the same: “Да” is “✅ Да!”."""
    return first == second or bool(first and second) and trim(first) == trim(second)


def _equals(value: str, text: str) -> bool:
    return is_same(normalize(value), text)


def _contains(value: str, text: str) -> bool:
    word = trim(normalize(value))
    # Most words are not there at all, and `in` tells that faster than the pattern.
    return bool(word) and word in text and word_pattern(word).search(text) is not None


def _starts(value: str, text: str) -> bool:
    word = trim(normalize(value))
    return bool(word) and trim(text).startswith(word)


def _regex(value: str, text: str) -> bool:
    return compiled(value).search(text) is not None


_WORD = re.compile(r"\w+")

#: Words with which people ask for somebody politely. “Not” is none of them.
_POLITE_WORDS = frozenset(
    _WORD.findall(
        """
        а бы в вас вашим ваш ваша ваше ваши вашего вызвать вызовите где дайте добрый доброе день вечер утро
        здравствуйте живого живой живому живым и к лучше мне можно на надо настоящий настоящего настоящим нужен
        нужна нужно нужны общаться переведите переключи переключите переключить подключите пж пожалуйста
        пообщаться поговорить позвать позови позовите помогите пригласите привет прошу с свяжи свяжите связать
        связаться скорее соедините соединить срочно у хочу хотел хотела хотелось a an and can connect could get
        give hello help hi human i like live me my need now or please pls real speak some talk the to transfer
        want with would you your
        """
    )
)

#: The longest ending that a Russian noun takes: оператор, оператором.
_MAX_ENDING = 2


def calls_for(word: str, text: str) -> bool:
    """Whether a normalized text asks for who is called `word`, in any case and with polite words around it."""
    if is_same(word, text):
        return True
    wanted = _WORD.findall(word)
    said = [part for part in _WORD.findall(text) if part not in _POLITE_WORDS or part in wanted]
    return len(said) == len(wanted) > 0 and all(map(_is_form_of, said, wanted))


def _is_form_of(said: str, word: str) -> bool:
    """Whether a word is another one, perhaps with an ending."""
    is_noun = len(word) >= 5 and "а" <= word[-1] <= "я"
    return said == word or is_noun and said.startswith(word) and len(said) <= len(word) + _MAX_ENDING


MATCHERS: dict[str, Callable[[str, str], bool]] = {
    "equals": _equals,
    "contains": _contains,
    "starts": _starts,
    "regex": _regex,
}


@lru_cache(maxsize=1024)
def word_pattern(word: str) -> re.Pattern[str]:
    """The literal words with no letter or digit beside them: “заказ” is not in “заказать”."""
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """A user's pattern, run by RE2, in a time that no pattern can stretch. Raises ValidationError."""
    if len(pattern) > MAX_PATTERN:
        raise ValidationError(_("A pattern has at most 500 characters."), code="bad_regex")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = MAX_MEMORY
    try:
        readable = re2.compile(_normalized(_with_unicode_classes(pattern)), options)
        if re2.compile(_outline(pattern), options).programsize > MAX_PLACES:
            raise re2.error("pattern too large")
        return readable
    except re2.error as error:
        raise ValidationError(
            _("This pattern cannot be read (%(error)s). Correct it, or use “contains the word”."),
            code="bad_regex",
            params={"error": _readable_error(error)},
        ) from error


def _outline(pattern: str) -> str:
    """The pattern with a letter for each class of characters: as many places, but not all of Unicode in each."""
    return CLASS_OF_CHARACTERS.sub("a", pattern)


def _normalized(pattern: str) -> str:
    """The text is normalized already: a ё in the pattern must be an е, and what nobody sees is not there."""
    return visible(pattern).replace("ё", "е").replace("Ё", "Е")


def _readable_error(error: Exception) -> str:
    message = error.args[0] if error.args else ""
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)


def _with_unicode_classes(pattern: str) -> str:
    """The pattern with \\w and \\d meaning letters and digits of every script. Raises ValidationError for \\b."""
    inside_class = False
    parts = []
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == "[":
            inside_class = True
        elif part == "]":
            inside_class = False
        elif part[0] == "\\" and part[1:] in UNICODE_CLASSES:
            part = _unicode_class(part, inside_class)
        parts.append(part)
    return "".join(parts)


def _unicode_class(escape: str, inside_class: bool) -> str:
    replacement = UNICODE_CLASSES[escape[1]][inside_class]
    if replacement is None:
        raise ValidationError(
            _("A pattern cannot use %(escape)s here. To find a whole word, use “contains the word” instead."),
            code="bad_regex",
            params={"escape": escape},
        )
    return replacement
