from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def registration_is_open():
    return settings.REGISTRATION == "open"
