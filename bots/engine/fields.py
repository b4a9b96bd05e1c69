"""What may stand under a key of the scenario document. Each field checks a value and reports what is wrong with it."""

import json
import math
import re
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from .report import below

#: Keys of steps and choices: what WhatsApp carries back in the id of a tapped button.
KEY = re.compile(r"[\w-]{1,60}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Text:
    """Text of 1 to `limit` characters."""

    limit: int

    def check(self, value, path, report):
        if not isinstance(value, str):
            report.error(path, "wrong_type", _("This must be text."))
        elif UNSTORABLE.search(value):
            report.error(path, "bad_character", _("This text holds characters that cannot be sent. Write it anew."))
        elif not value.strip():
            report.error(path, "required", _("Write something here."))
        elif len(value) > self.limit:
            report.error(
                path,
                "too_long",
                _("At most %(limit)s characters; these are %(length)s. Shorten it.")
                % {"limit": self.limit, "length": len(value)},
            )


@dataclass(frozen=True)
class Key:
    """The name of a step or a choice, or a reference to a step."""

    def check(self, value, path, report):
        if not isinstance(value, str):
            report.error(path, "wrong_type", _("This must be text."))
        elif not value:
            report.error(path, "required", _("Write something here."))
        elif not KEY.fullmatch(value):
            report.error(
                path,
                "bad_key",
                _("A key has 1 to 60 letters, digits, - or _, without blanks. Write it like ask_name."),
            )


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int
    most: int

    def check(self, value, path, report):
        if not isinstance(value, int) or isinstance(value, bool):
            report.error(path, "wrong_type", _("This must be a whole number."))
        elif not self.least <= value <= self.most:
            report.error(
                path,
                "out_of_range",
                _("Write a number from %(least)s to %(most)s.") % {"least": self.least, "most": self.most},
            )


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, value, path, report):
        if value not in self.words:
            report.error(
                path, "wrong_type", _("This must be one of: %(words)s.") % {"words": ", ".join(map(str, self.words))}
            )


@dataclass(frozen=True)
class ListOf:
    """A list of `item`s."""

    item: object
    most: int

    def check(self, value, path, report):
        if not isinstance(value, list):
            report.error(path, "wrong_type", _("This must be a list."))
            return
        if len(value) > self.most:
            report.error(path, "too_many", _("At most %(most)s are possible here.") % {"most": self.most})
        for position, item in enumerate(value):
            self.item.check(item, below(path, position), report)


@dataclass(frozen=True)
class Texts:
    """Texts under names that the author chooses."""

    limit: int
    most: int

    def check(self, value, path, report):
        if not isinstance(value, dict):
            report.error(path, "wrong_type", _("This must be an object with names and texts."))
            return
        if len(value) > self.most:
            report.error(path, "too_many", _("At most %(most)s are possible here.") % {"most": self.most})
        for name, text in value.items():
            Text(50).check(name, path, report)
            Text(self.limit).check(text, below(path, name), report)


@dataclass(frozen=True)
class Scalar:
    """A text of up to `limit` characters, a number, or yes or no."""

    limit: int

    def check(self, value, path, report):
        if isinstance(value, float) and not math.isfinite(value):
            report.error(path, "wrong_type", _("This must be a number."))
        elif not isinstance(value, bool | int | float):
            Text(self.limit).check(value, path, report)


@dataclass(frozen=True)
class Json:
    """Any JSON that is not too large."""

    most: int = 64 * 1024
    depth: int = 20

    def check(self, value, path, report):
        if not self.is_storable(value, self.depth):
            report.error(path, "wrong_type", _("This JSON is nested too deep, or holds what cannot be sent."))
        elif len(json.dumps(value, ensure_ascii=False)) > self.most:
            report.error(path, "too_large", _("This JSON is too large: at most 64 KB are sent."))

    def is_storable(self, value, depth):
        if isinstance(value, str):
            return not UNSTORABLE.search(value)
        if isinstance(value, dict | list) and not depth:
            return False
        if isinstance(value, dict):
            return all(isinstance(key, str) and self.is_storable(key, depth) for key in value) and all(
                self.is_storable(item, depth - 1) for item in value.values()
            )
        if isinstance(value, list):
            return all(self.is_storable(item, depth - 1) for item in value)
        return not isinstance(value, float) or math.isfinite(value)


@dataclass(frozen=True)
class Record:
    """An object with known keys."""

    fields: dict = field(hash=False)
    required: tuple[str, ...] = ()

    def check(self, value, path, report):
        if not isinstance(value, dict):
            report.error(path, "wrong_type", _("This must be an object."))
            return
        for name in value:
            if name not in self.fields:
                report.error(below(path, str(name)), "unknown_key", self.unknown(name))
        for name in self.required:
            if name not in value:
                report.error(below(path, name), "required", _("Write something here."))
        for name, known in self.fields.items():
            if name in value:
                known.check(value[name], below(path, name), report)

    def unknown(self, name):
        return _("“%(name)s” is not known here. Known are: %(known)s.") % {
            "name": str(name)[:60],
            "known": ", ".join(self.fields),
        }


@dataclass(frozen=True)
class Choice:
    """A record whose fields depend on the word under `by`; `kinds` maps each word to its record."""

    by: str
    kinds: dict = field(hash=False)

    def check(self, value, path, report):
        word = value.get(self.by) if isinstance(value, dict) else None
        if isinstance(word, str) and word in self.kinds:
            self.kinds[word].check(value, path, report)
        elif not isinstance(value, dict):
            report.error(path, "wrong_type", _("This must be an object."))
        else:
            report.error(
                below(path, self.by),
                "unknown_kind",
                _("There is no kind “%(kind)s”. Known are: %(known)s.")
                % {"kind": str(word)[:60], "known": ", ".join(self.kinds)},
            )
