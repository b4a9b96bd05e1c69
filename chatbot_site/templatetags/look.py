"""Tags of the look: icons and avatars."""

import zlib
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatbot_site.words import new_one

register = template.Library()

#: How many colours avatars have (parts.css).
TONES = 6


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite. It says nothing to a screen reader: the link or button around it has a text."""
    sprite = static("chatbot_site/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sprite, name)


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """The initials of a name in a circle, whose colour is the same wherever the name is shown."""
    name = str(name)
    classes = f"avatar tone-{tone_of(name)} {size}".strip()
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initials_of(name))


def tone_of(name: str) -> int:
    return zlib.crc32(name.encode()) % TONES


def initials_of(name: str) -> str:
    """The first letters of two words; the last two digits of what is a phone; else a dot."""
    letters = [word[0] for word in name.split() if word[0].isalpha()]
    digits = [character for character in name if character.isdigit()]
    return "".join(letters[:2]).upper() or "".join(digits[-2:]) or "·"


@register.simple_tag
def title_of_new(options: Any) -> str:
    """What the page of a new row, and the button that leads to it, are called."""
    return new_one(options)


@register.filter
def chosen_of(choices: list[dict[str, Any]]) -> str:
    """What is chosen of a filter's choices; empty where it is the first, which leaves nothing out."""
    return next((str(choice["display"]) for choice in choices[1:] if choice["selected"]), "")
