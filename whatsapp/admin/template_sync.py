"""Reading templates at Meta, for the buttons of the admin."""

from collections.abc import Iterable
from dataclasses import asdict

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts.refusals import Refusal
from whatsapp.message_templates import sync
from whatsapp.models import WhatsAppNumber


def sync_templates(request: HttpRequest, numbers: Iterable[WhatsAppNumber]) -> None:
    """Read the templates of each number's account, and say on the next page what came of it."""
    for number in numbers:
        try:
            synced = sync.sync(number)
        except Refusal as refusal:
            messages.error(request, f"{number}: {refusal}")
        else:
            text = gettext("“%(number)s”: templates at Meta: %(total)d; new here: %(created)d; deleted: %(deleted)d.")
            messages.success(request, text % {"number": number, **asdict(synced)})
