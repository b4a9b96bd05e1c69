"""A letter to a person about what waits for them: text and HTML, in their language and their business's time."""

import zoneinfo
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from accounts.models import User
from crm.models import Conversation
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.issues import issues_of

from .durations import duration

#: Who waits is listed up to so many; the rest is a count.
MAX_LISTED = 20

#: Of these it may be that nothing is wrong, or they are no matter of the business.
NOT_TOLD = ("silent", "callback_not_public")

#: A number, and the code of what it needs.
Trouble = tuple[WhatsAppNumber, str]


def troubles_of(number: WhatsAppNumber, now: datetime) -> list[Trouble]:
    """What a number needs, as far as owners are written to about it."""
    return [(number, issue.code) for issue in issues_of(number, now) if issue.code not in NOT_TOLD]


def send(
    person: User,
    waits: Sequence[Conversation],
    troubles: Sequence[Trouble],
    now: datetime,
) -> None:
    """Mail it. Raises OSError or SMTPException when no mail server takes it."""
    assert person.business is not None
    zone = zoneinfo.ZoneInfo(person.business.time_zone)
    with translation.override(person.language or person.business.language), timezone.override(zone):
        context = {
            "business": person.business,
            "language": translation.get_language(),
            "title": _title(len(waits), len(troubles)),
            "waits": [(row, duration(now - (row.waiting_since or now)), _url(row)) for row in waits[:MAX_LISTED]],
            "left": max(len(waits) - MAX_LISTED, 0),
            "issues": [(number, _text(number, code, now), _url(number)) for number, code in troubles],
            "inbox_url": settings.PUBLIC_URL + reverse("admin:crm_inbox" if waits else "admin:index"),
        }
        letter = EmailMultiAlternatives(
            _one_line(f"{context['title']} · {person.business.name}"),
            render_to_string("crm/mail/alert.txt", context),
            to=[person.email],
        )
        letter.attach_alternative(render_to_string("crm/mail/alert.html", context), "text/html")
        letter.send()


def _title(waits: int, troubles: int) -> str:
    if not waits:
        return ngettext("A number needs you", "%(count)s things about numbers need you", troubles) % {
            "count": troubles
        }
    return ngettext("%(count)s customer waits for an answer", "%(count)s customers wait for an answer", waits) % {
        "count": waits
    }


def _text(number: WhatsAppNumber, code: str, now: datetime) -> str:
    """What a number needs, in the language of now."""
    return next((issue.text for issue in issues_of(number, now) if issue.code == code), "")


def _url(row: Conversation | WhatsAppNumber) -> str:
    of_conversation = isinstance(row, Conversation)
    name = "admin:crm_inbox_conversation" if of_conversation else "admin:whatsapp_whatsappnumber_change"
    public_url: str = settings.PUBLIC_URL
    return public_url + reverse(name, args=[row.pk])


def _one_line(text: str) -> str:
    return " ".join(text.split())
