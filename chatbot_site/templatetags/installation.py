from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def with_code(sentence: str) -> SafeString:
    """The HTML of a sentence, in which the parts between backticks are code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        # One backtick encloses nothing.
        return format_html("{}", sentence)
    pieces = [format_html("<code>{}</code>", part) if serial % 2 else part for serial, part in enumerate(parts)]
    return format_html_join("", "{}", ((piece,) for piece in pieces))
