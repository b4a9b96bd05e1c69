"""
What the template's placeholders say to each person: `parameters` maps a placeholder of the template to a text, which
may hold `{{customer.name|default:"…"}}`, `{{customer.phone}}` and `{{customer.attributes.…}}`.
"""

from collections.abc import Iterator, Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.customers import interpolation
from crm.customers.interpolation import CustomerFields
from whatsapp.models import MessageTemplate
from whatsapp.template_parameters import media_key, missing, one_line, optional, placeholders

#: The longest text before it is filled in (a template's body has at most 1024 characters).
MAX_TEXT = 1024


def check_texts(parameters: Mapping[str, str]) -> None:
    """Raise ValidationError when a text asks for what no customer has."""
    errors = [problem for key, text in parameters.items() for problem in _problems(key, text)]
    if errors:
        raise ValidationError({"parameters": errors})


def _problems(key: str, text: str) -> Iterator[str]:
    unknown = next((name for name in interpolation.names_in(text) if not interpolation.is_of_customer(name)), None)
    if unknown:
        message = _(
            "“%(key)s”: there is no “%(name)s”. Known are customer.name, customer.phone and customer.attributes.…"
        )
        yield message % {"key": key, "name": unknown[:60]}
    elif interpolation.has_leftovers(text):
        message = _('“%(key)s”: this is no placeholder. Write it like {{customer.name|default:"friend"}}.')
        yield message % {"key": key}


def check_fit(template: MessageTemplate, parameters: Mapping[str, str]) -> None:
    """Raise ValidationError unless the parameters are those that the template needs, each with a text."""
    known = [*placeholders(template), *optional(template)]
    errors = [
        _("“%(key)s”: the template “%(template)s” has no such placeholder.") % {"key": key, "template": template.name}
        for key in parameters
        if key not in known
    ]
    errors += [_what_to_say(template, key) for key in missing(template, parameters)]
    if errors:
        raise ValidationError({"parameters": errors})
    check_texts(parameters)


def _what_to_say(template: MessageTemplate, key: str) -> str:
    if key == media_key(template):
        return _("Choose the file that stands at the top of the message, or give a link to it.")
    return _("“%(key)s”: say what is to stand there.") % {"key": key}


def filled_in(parameters: Mapping[str, str], customer: CustomerFields) -> dict[str, str]:
    """The parameters as one customer reads them."""

    def value(name: str) -> object:
        return interpolation.value_of(customer, name)

    return {key: one_line(interpolation.fill(text, value, MAX_TEXT)) for key, text in parameters.items()}
