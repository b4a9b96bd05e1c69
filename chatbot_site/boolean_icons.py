"""Yes and no in lists. Django's have an English text, and a red cross where "no" is mostly good news."""

from django.contrib.admin.templatetags import admin_list
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from .templatetags.look import icon


def boolean_icon(value: bool | None) -> SafeString:
    if value is None:
        return format_html('<span class="yes-no">{}</span>', gettext("Unknown"))
    name, word, kind = ("check", gettext("Yes"), "is-yes") if value else ("minus", gettext("No"), "is-no")
    return format_html(
        '<span class="yes-no {}">{}<span class="visually-hidden">{}</span></span>', kind, icon(name), word
    )


def install() -> None:
    """Django has no setting for it: its lists and forms look this function up by its name."""
    admin_list._boolean_icon = boolean_icon  # type: ignore[attr-defined]
