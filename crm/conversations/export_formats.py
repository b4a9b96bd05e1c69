"""The formats of exported conversations: how each writes a conversation, a message, and the total."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.customers.files.spreadsheets import BOM, CSV_TYPE, csv_line
from crm.models import Conversation, Message
from whatsapp.models import WhatsAppNumber
from whatsapp.sending.prices import category_text, type_of_price

from .details import details_of
from .message_texts import shown_text, type_text

#: Columns of a message, by name, and what it answers as `quoted`.
Row = dict[str, Any]


class ExportFormat(Protocol):
    """Writes the lines of a file; `fields` are the columns of messages that it needs."""

    content_type: str
    fields: Sequence[str]

    def __init__(self, number: WhatsAppNumber) -> None: ...

    def head(self) -> str: ...

    def conversation(self, conversation: Conversation) -> str: ...

    def message(self, conversation: Conversation, row: Row) -> str: ...

    def total(self, conversations: int, messages: int) -> str: ...


class Csv:
    """
    One row a message, as a Russian Excel opens it: UTF-8 with a byte order mark, and semicolons. Times are those of
    the business; phones are digits, and nothing can be taken for a formula.
    """

    content_type = CSV_TYPE
    fields: Sequence[str] = [
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
        "content",
        "pricing_category",
        "pricing_type",
        "pricing_billable",
        "recipient_country",
    ]

    def __init__(self, number: WhatsAppNumber) -> None:
        # Not the active time zone and language: a streamed response is written after those of the request are over.
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
            _("Details"),
            _("In answer to"),
            _("Price category"),
            _("Price type"),
            _("Charged"),
            _("Recipient's country"),
        ]
        self.yes_or_no = {True: _("yes"), False: _("no"), None: ""}

    def head(self) -> str:
        return BOM + csv_line(self.headings)

    def conversation(self, conversation: Conversation) -> str:
        return ""

    def message(self, conversation: Conversation, row: Row) -> str:
        details, quoted = details_of(row["type"], row["content"]), row["quoted"]
        return csv_line(
            [
                conversation.pk,
                conversation.customer.name,
                (conversation.customer.phone or "").lstrip("+"),
                f"{localtime(row['timestamp'], self.time_zone):%Y-%m-%d %H:%M:%S}",
                self.origins[row["origin"]],
                row["author__email"] or "",
                type_text(row["type"]),
                shown_text(row["type"], row["text"], row["content"]),
                row["media_file__name"] or "",
                row["media_file__mime"] or "",
                row["media_file__size"] or "",
                self.statuses[row["status"]],
                row["error_title"],
                "\n".join(details.lines()) if details else "",
                quoted.text if quoted else "",
                category_text(row["pricing_category"] or ""),
                type_of_price(row["pricing_type"] or ""),
                self.yes_or_no[row["pricing_billable"]],
                row["recipient_country"] or "",
            ]
        )

    def total(self, conversations: int, messages: int) -> str:
        return csv_line(
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
    fields: Sequence[str] = [
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
        "pricing_category",
        "pricing_type",
        "pricing_billable",
        "pricing_model",
        "recipient_country",
        "created_at",
    ]

    def __init__(self, number: WhatsAppNumber) -> None:
        self.keys = {name: name.replace("__", "_") for name in self.fields}

    def head(self) -> str:
        return ""

    def conversation(self, conversation: Conversation) -> str:
        customer, assignee = conversation.customer, conversation.assignee
        return _json_line(
            {
                "conversation": {
                    "id": conversation.pk,
                    "status": conversation.status,
                    "assignee": assignee and assignee.email,
                    "bot_paused": conversation.is_bot_paused,
                    "bot_resumes_at": conversation.pause_ends_at,
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
                        "ad": customer.ad,
                        "created_at": customer.created_at,
                    },
                }
            }
        )

    def message(self, conversation: Conversation, row: Row) -> str:
        customer = conversation.customer
        details, quoted = details_of(row["type"], row["content"]), row["quoted"]
        return _json_line(
            {
                "id": row["id"],
                "conversation": conversation.pk,
                "customer": customer.pk,
                "customer_name": customer.name,
                "customer_phone": customer.phone,
                "customer_whatsapp_user_id": customer.whatsapp_user_id,
                **{self.keys[name]: row[name] for name in self.fields},
                "details": details.as_json() if details else None,
                "quoted": asdict(quoted) if quoted else None,
            }
        )

    def total(self, conversations: int, messages: int) -> str:
        return _json_line({"total": {"conversations": conversations, "messages": messages}})


def _json_line(value: Row) -> str:
    return json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"


FORMATS: dict[str, type[ExportFormat]] = {"csv": Csv, "jsonl": JsonLines}
