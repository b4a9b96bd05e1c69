"""Mails as the project writes them: a text and the same as HTML, with at most one link to press."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_language


@dataclass(frozen=True)
class Mail:
    """What is written. `url` is where the button leads, in the text too."""

    subject: str
    paragraphs: Sequence[str]
    button: str = ""
    url: str = ""
    ending: str = ""


def send(mail: Mail, to: Sequence[str]) -> None:
    """Send a mail in the active language. What a mail server refuses is raised."""
    context = {"mail": mail, "language": get_language()}
    message = EmailMultiAlternatives(
        " ".join(mail.subject.split()), render_to_string("mail/mail.txt", context), to=[*to]
    )
    message.attach_alternative(render_to_string("mail/mail.html", context), "text/html")
    message.send()
