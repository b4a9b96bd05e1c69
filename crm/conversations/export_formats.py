"""The two forms in which conversations are taken out: how each writes a conversation, a message, and the total."""

import json
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.customers.spreadsheets import BOM, CSV_TYPE, written_row
from crm.models import Message


class Csv:
    """
    One row a message, as a Russian Excel opens it: UTF-8 with a byte order mark, and semicolons. Times are those of
    the business; phones are digits, and nothing can be taken for a formula.
    """

    content_type = CSV_TYPE
    fields = [
        "origin",
        "author__email",
        "type",
        "text",
        "media_file__name",
        "media_file__mime",
        "media_file__size",
        "status",
        "error_title",
        "timestamp",
    ]

    def __init__(self, number):
        # Not the active time zone and language: a page's are over when its file is written.
        self.time_zone = ZoneInfo(number.business.time_zone)
        self.origins = {value: str(label) for value, label in Message._meta.get_field("origin").flatchoices}
        self.statuses = {value: str(label) for value, label in Message._meta.get_field("status").flatchoices}
        self.headings = [
            _("Conversation"),
            _("Customer"),
            _("Phone"),
            _("Time"),
            _("From"),
            _("Author"),
            _("Type"),
            _("Text"),
            _("File"),
            _("File type"),
            _("File size"),
            _("Status"),
            _("Error"),
        ]

    def head(self):
        return BOM + written_row(self.headings)

    def conversation(self, conversation):
        return ""

    def message(self, conversation, row):
        return written_row(
            [
                conversation.pk,
                conversation.customer.name,
                (conversation.customer.phone or "").lstrip("+"),
                f"{localtime(row['timestamp'], self.time_zone):%Y-%m-%d %H:%M:%S}",
                self.origins[row["origin"]],
                row["author__email"] or "",
                row["type"],
                row["text"],
                row["media_file__name"] or "",
                row["media_file__mime"] or "",
                row["media_file__size"] or "",
                self.statuses[row["status"]],
                row["error_title"],
            ]
        )

    def total(self, conversations, messages):
        return written_row(
            [
                _("Total"),
                ngettext("%(count)d conversation", "%(count)d conversations", conversations)
                % {"count": conversations},
                ngettext("%(count)d message", "%(count)d messages", messages) % {"count": messages},
            ]
        )


class JsonLines:
    """
    Everything that is known, one JSON object a line: `{"conversation": {…}}` before the messages of each, a message as
    an object of its own, and `{"total": {…}}` at the end.
    """

    content_type = "application/x-ndjson; charset=utf-8"
    fields = [
        "id",
        "direction",
        "origin",
        "author__email",
        "type",
        "text",
        "media_file__name",
        "media_file__mime",
        "media_file__size",
        "media_file__sha256",
        "content",
        "context_wamid",
        "status",
        "wamid",
        "error_code",
        "error_title",
        "timestamp",
        "accepted_at",
        "sent_at",
        "delivered_at",
        "read_at",
        "created_at",
    ]

    def __init__(self, number):
        self.names = {name: name.replace("__", "_") for name in self.fields}

    def head(self):
        return ""

    def conversation(self, conversation):
        customer, assignee = conversation.customer, conversation.assignee
        return line(
            {
                "conversation": {
                    "id": conversation.pk,
                    "status": conversation.status,
                    "assignee": assignee and assignee.email,
                    "bot_paused": conversation.bot_paused,
                    "in_scenario": conversation.in_scenario,
                    "unread": conversation.unread,
                    "last_inbound_at": conversation.last_inbound_at,
                    "last_message_at": conversation.last_message_at,
                    "created_at": conversation.created_at,
                    "customer": {
                        "id": customer.pk,
                        "name": customer.name,
                        "phone": customer.phone,
                        "whatsapp_user_id": customer.whatsapp_user_id,
                        "tags": [tag.name for tag in customer.tags.all()],
                        "attributes": customer.attributes,
                        "opted_out_at": customer.opted_out_at,
                        "created_at": customer.created_at,
                    },
                }
            }
        )

    def message(self, conversation, row):
        customer = conversation.customer
        return line(
            {
                "id": row["id"],
                "conversation": conversation.pk,
                "customer": customer.pk,
                "customer_name": customer.name,
                "customer_phone": customer.phone,
                "customer_whatsapp_user_id": customer.whatsapp_user_id,
                **{self.names[name]: row[name] for name in self.fields},
            }
        )

    def total(self, conversations, messages):
        return line({"total": {"conversations": conversations, "messages": messages}})


def line(known):
    return json.dumps(known, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"


FORMATS = {"csv": Csv, "jsonl": JsonLines}
