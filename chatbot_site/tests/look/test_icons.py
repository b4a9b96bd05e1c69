"""Icons and avatars."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from chatbot_site import navigation
from chatbot_site.templatetags.look import TONES, avatar, initials_of, tone_of

SPRITE = Path(settings.BASE_DIR) / "chatbot_site/static/chatbot_site/icons.svg"
NAMED = re.compile(r"""\{% icon "([\w-]+)" %\}|chatbot_site/icons\.svg#([\w-]+)""")


def drawn() -> set[str]:
    return set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text()))


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    pages = [path for path in Path(settings.BASE_DIR).glob("*/**/*") if path.suffix in (".html", ".js", ".css")]
    named = {one or other for path in pages for one, other in NAMED.findall(path.read_text())}
    of_sections = {section.icon for section in (*navigation.SECTIONS, *navigation.PLATFORM_SECTIONS)}
    assert {"send", "search"} & drawn() and "plus" in named
    assert (named | of_sections | {"settings", "scroll-text", "layout-dashboard"}) - drawn() == set()


def test_an_icon_is_hidden_from_screen_readers() -> None:
    html = Template('{% load look %}{% icon "send" %}').render(Context())
    assert 'aria-hidden="true"' in html and "icons.svg#send" in html


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Вера Чайкина", "ВЧ"),
        ("Анна", "А"),
        ("anna maria lee", "AM"),
        ("+7 916 123-45-07", "07"),
        ("😀", "·"),
        ("", "·"),
        ("مها علي", "مع"),
    ],
)
def test_initials_are_those_of_two_words(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def test_a_name_has_one_colour_and_is_no_html() -> None:
    assert tone_of("Anna") == tone_of("Anna") and 0 <= tone_of("Anna") < TONES
    assert "<b>" not in avatar("<b> <i>")
