from django import template
from django.conf import settings
from django.utils.formats import number_format

register = template.Library()


@register.simple_tag
def registration_is_open() -> bool:
    return settings.REGISTRATION == "open"


@register.filter
def grouped(number: int) -> str:
    """A large number as people read it: 1,600,000."""
    return number_format(number, force_grouping=True)
