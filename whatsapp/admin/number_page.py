"""What the page of a number tells: what needs a person, what Meta says, and how its webhooks are set up."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest
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
from whatsapp.webhooks import process

#: What becomes of things while a number is switched off.
SWITCHED_OFF = _(
    "Messages and broadcasts that wait while the number is off go on when you switch it on again; a broadcast whose"
    " time came meanwhile is paused and asks you. Bots do not answer later what came meanwhile, and a scenario whose"
    " time ran out has ended."
)


class NumberPage:
    """The change page of a number, for its ModelAdmin."""

    state_fields = [
        "state",
        "name_shown",
        "quality",
        "limit",
        "throughput_in_words",
        "token_ends",
        "checked_at",
    ]
    webhook_fields = ["callback_url", "token_to_verify", "fields_to_tick", "receivers", "last_event"]

    def get_fieldsets(self, request, obj=None):
        secrets = ["access_token", "app_secret"] if self._may_write_secrets(request, obj) else []
        exported = ["exported"] if obj else []
        fieldsets = [
            (None, {"fields": ["name", "phone_number", "phone_number_id", "waba_id", *secrets, *exported]}),
            (_("Sending"), {"fields": ["is_active", "messages_per_second"], "description": SWITCHED_OFF}),
        ]
        if obj:
            fieldsets.append((_("What Meta says"), {"fields": self.state_fields}))
        if obj and self.has_change_permission(request, obj):
            told = _("Enter the address and the verify token at Meta under WhatsApp → Configuration → Webhook.")
            fieldsets.append((_("Webhook"), {"fields": self.webhook_fields, "description": told}))
        return fieldsets

    def _may_write_secrets(self, request, obj):
        """Whoever adds a number enters its token; afterwards only the owner changes it."""
        return obj is None or request.user.has_perm("whatsapp.change_secrets_of_whatsappnumber")

    def form_context(self, request: HttpRequest, obj: WhatsAppNumber | None) -> dict[str, Any]:
        return {"needs": issues_of(obj, timezone.now()) if obj else []}

    @admin.display(description=_("connection"), ordering="status")
    def connection(self, number):
        """In the list: what is most urgent, and how much there is besides."""
        found = issues_of(number, timezone.now())
        if not found:
            return number.get_status_display()
        more = f" (+{len(found) - 1})" if found[1:] else ""
        words = Truncator(found[0].text).chars(80) + more
        return format_html('<span class="number-need" title="{}">{}</span>', found[0].text, words)

    @admin.display(description=_("connection"))
    def state(self, number):
        at_meta = labels.STATUSES.get(number.meta_status, number.meta_status)
        return f"{number.get_status_display()} ({at_meta})" if at_meta else number.get_status_display()

    @admin.display(description=_("name that customers see"))
    def name_shown(self, number):
        review = labels.NAME_REVIEWS.get(number.name_status, number.name_status)
        return " · ".join(str(part) for part in (number.verified_name, review) if part)

    @admin.display(description=_("quality"), ordering="quality_rating")
    def quality(self, number):
        return labels.QUALITIES.get(number.quality_rating, "")

    @admin.display(description=_("may write first to"))
    def limit(self, number):
        return labels.limit_text(number.messaging_limit)

    @admin.display(description=_("speed"))
    def throughput_in_words(self, number):
        return labels.THROUGHPUTS.get(number.throughput, number.throughput)

    @admin.display(description=_("token"))
    def token_ends(self, number):
        if number.token_expires_at:
            day = date_format(timezone.localtime(number.token_expires_at), "DATE_FORMAT")
            return gettext("valid until %(day)s") % {"day": day}
        return gettext("without an end, as far as Meta tells") if number.checked_at else ""

    @admin.display(description=_("conversations exported"))
    def exported(self, number):
        return (
            date_format(timezone.localtime(number.exported_at), "SHORT_DATETIME_FORMAT") if number.exported_at else "—"
        )

    # Webhooks

    @admin.display(description=_("callback URL"))
    def callback_url(self, number):
        url = copyable("callback-url", f"{settings.PUBLIC_URL}{reverse('whatsapp-webhook')}")
        if public_address.is_public():
            return url
        told = gettext(
            "Meta posts to https addresses on the internet alone. Put one in PUBLIC_URL; a tunnel is enough: README,"
            " “Connect a real number”."
        )
        return format_html('{}<p class="webhook-hint">{}</p>', url, told)

    @admin.display(description=_("verify token"))
    def token_to_verify(self, number):
        return copyable("verify-token", number.verify_token)

    @admin.display(description=_("fields to subscribe to"))
    def fields_to_tick(self, number):
        fields = format_html_join("", "<li><code>{}</code></li>", ((field,) for field in process.FIELDS))
        return format_html(
            "<details><summary>{}</summary><ul>{}</ul></details>",
            gettext("messages, and %(count)s more") % {"count": len(process.FIELDS) - 1},
            fields,
        )

    @admin.display(description=_("apps that receive webhooks"))
    def receivers(self, number):
        if number.subscribed_apps is None:
            return gettext("Meta has not told yet.")
        return ", ".join(texts(number.subscribed_apps)) or gettext("none")

    @admin.display(description=_("last event"))
    def last_event(self, number):
        events = WebhookEvent.objects.filter(whatsapp_number=number).order_by()
        latest = events.aggregate(latest=Max("received_at"))["latest"]
        if latest:
            return date_format(timezone.localtime(latest), "DATETIME_FORMAT")
        if not may_receive(number, timezone.now()):
            return gettext("Nothing has come yet: what keeps it away stands at the top of this page.")
        return gettext(
            "Nothing has come yet. Write to this number from a phone. If nothing is here after a minute, compare the"
            " address, the token and the fields at Meta with those above."
        )


def copyable(name, text):
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
