"""
What a number's page, and the list of numbers, show besides the form: the most urgent issue, how the number stands at
Meta, and how its webhooks are set up. Each function is a read-only field or a column.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from whatsapp.models import WebhookEvent, WhatsAppNumber
from whatsapp.numbers import labels, public_address
from whatsapp.numbers.issues import issues_of, may_receive
from whatsapp.numbers.stored_json import texts
from whatsapp.phone_numbers import readable_phone
from whatsapp.webhooks import process


@admin.display(description=_("phone number"), ordering="phone_number")
def phone(number: WhatsAppNumber) -> str:
    return readable_phone(number.phone_number)


@admin.display(description=_("connection"), ordering="status")
def connection(number: WhatsAppNumber) -> str:
    """In the list: the most urgent issue, and how many more there are."""
    found = issues_of(number, timezone.now())
    if not found:
        return number.get_status_display()
    more = f" (+{len(found) - 1})" if found[1:] else ""
    text = Truncator(found[0].text).chars(80) + more
    return format_html('<span class="number-need" title="{}">{}</span>', found[0].text, text)


# How it stands at Meta


@admin.display(description=_("connection"))
def state(number: WhatsAppNumber) -> str:
    at_meta = labels.STATUSES.get(number.meta_status, number.meta_status)
    return f"{number.get_status_display()} ({at_meta})" if at_meta else number.get_status_display()


@admin.display(description=_("name that customers see"))
def name_shown(number: WhatsAppNumber) -> str:
    review = labels.NAME_REVIEWS.get(number.name_status, number.name_status)
    return " · ".join(str(part) for part in (number.verified_name, review) if part)


@admin.display(description=_("quality"), ordering="quality_rating")
def quality(number: WhatsAppNumber) -> str:
    return str(labels.QUALITIES.get(number.quality_rating, ""))


@admin.display(description=_("may write first to"))
def limit(number: WhatsAppNumber) -> str:
    return labels.limit_text(number.messaging_limit)


@admin.display(description=_("speed"))
def throughput(number: WhatsAppNumber) -> str:
    return str(labels.THROUGHPUTS.get(number.throughput, number.throughput))


@admin.display(description=_("token"))
def token_expiry(number: WhatsAppNumber) -> str:
    if number.token_expires_at:
        return gettext("valid until %(day)s") % {"day": _local(number.token_expires_at, "DATE_FORMAT")}
    return gettext("does not expire, as far as Meta says") if number.checked_at else ""


STATE_FIELDS: list[Any] = [state, name_shown, quality, limit, throughput, token_expiry, "checked_at"]


@admin.display(description=_("conversations exported"))
def exported(number: WhatsAppNumber) -> str:
    return _local(number.exported_at, "SHORT_DATETIME_FORMAT") if number.exported_at else "—"


# Webhooks


@admin.display(description=_("callback URL"))
def callback_url(number: WhatsAppNumber) -> str:
    url = _copyable("callback-url", f"{settings.PUBLIC_URL}{reverse('whatsapp-webhook')}")
    if public_address.is_public():
        return url
    hint = gettext(
        "Meta posts only to https addresses on the internet. Put one in PUBLIC_URL; a tunnel is enough:"
        " cloudflared tunnel --url http://127.0.0.1:8000"
    )
    return format_html('{}<p class="webhook-hint">{}</p>', url, hint)


@admin.display(description=_("verify token"))
def verify_token(number: WhatsAppNumber) -> str:
    return _copyable("verify-token", number.verify_token)


@admin.display(description=_("fields to subscribe to"))
def subscribed_fields(number: WhatsAppNumber) -> str:
    return format_html(
        "<details><summary>{}</summary><ul>{}</ul></details>",
        gettext("messages, and %(count)s more") % {"count": len(process.FIELDS) - 1},
        format_html_join("", "<li><code>{}</code></li>", ((field,) for field in process.FIELDS)),
    )


@admin.display(description=_("apps that receive webhooks"))
def receivers(number: WhatsAppNumber) -> str:
    if number.subscribed_apps is None:
        return gettext("Meta has not said yet.")
    return ", ".join(texts(number.subscribed_apps)) or gettext("none")


@admin.display(description=_("last event"))
def last_event(number: WhatsAppNumber) -> str:
    events = WebhookEvent.objects.filter(whatsapp_number=number).order_by()
    if latest := events.aggregate(latest=Max("received_at"))["latest"]:
        return _local(latest, "DATETIME_FORMAT")
    if not may_receive(number, timezone.now()):
        return gettext("Nothing has come yet. The top of this page says why.")
    return gettext(
        "Nothing has come yet. Write to this number from a phone. If nothing is here after a minute, compare the"
        " address, the token and the fields at Meta with those above."
    )


WEBHOOK_FIELDS: list[Any] = [callback_url, verify_token, subscribed_fields, receivers, last_event]


def _local(time: datetime, format_name: str) -> str:
    return date_format(timezone.localtime(time), format_name)


def _copyable(name: str, text: str) -> str:
    """A text and a button that copies it."""
    return format_html(
        '<span class="copyable"><code id="{}">{}</code>'
        ' <button type="button" class="button" data-copy="{}" data-done="{}" data-selected="{}">{}</button></span>',
        name,
        text,
        name,
        gettext("Copied"),
        gettext("Selected: press Ctrl+C"),
        gettext("Copy"),
    )
