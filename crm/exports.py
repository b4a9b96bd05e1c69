"""The conversations of a number as a file: CSV for people, JSON Lines for programs. Streamed, whatever its length."""

import json
from itertools import chain
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from .models import Message
from .spreadsheets import CSV_TYPE, written

FIELDS = [
    "id",
    "conversation",
    "conversation__customer",
    "conversation__customer__name",
    "conversation__customer__phone",
    "conversation__customer__whatsapp_user_id",
    "direction",
    "origin",
    "author__email",
    "type",
    "text",
    "media_file__name",
    "media_file__mime",
    "media_file__size",
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
]


def rows(number):
    """The messages of a number, conversation by conversation and oldest first, never all in memory at once."""
    messages = Message.objects.filter(whatsapp_number=number).order_by("conversation", "timestamp", "pk")
    return messages.values(*FIELDS).iterator(chunk_size=1000)


def as_jsonl(number):
    """Everything that is known of every message, one JSON object a line."""
    for row in rows(number):
        named = {name.removeprefix("conversation__").replace("__", "_"): value for name, value in row.items()}
        yield json.dumps(named, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"


def as_csv(number):
    """
    One row a message, as a Russian Excel opens it: UTF-8 with a byte order mark, and semicolons. Times are those
    of the business; phones are digits, and nothing can be taken for a formula.
    """
    # Not the active time zone: a page's is over when its file is written.
    time_zone = ZoneInfo(number.business.time_zone)
    names = dict(Message._meta.get_field("origin").flatchoices)
    statuses = dict(Message._meta.get_field("status").flatchoices)
    headings = [
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

    def cells(row):
        return [
            row["conversation"],
            row["conversation__customer__name"],
            (row["conversation__customer__phone"] or "").lstrip("+"),
            f"{localtime(row['timestamp'], time_zone):%Y-%m-%d %H:%M:%S}",
            names[row["origin"]],
            row["author__email"] or "",
            row["type"],
            row["text"],
            row["media_file__name"] or "",
            row["media_file__mime"] or "",
            row["media_file__size"] or "",
            statuses[row["status"]],
            row["error_title"],
        ]

    return written(chain([headings], map(cells, rows(number))))


FORMATS = {"csv": as_csv, "jsonl": as_jsonl}

CONTENT_TYPES = {"csv": CSV_TYPE, "jsonl": "application/x-ndjson; charset=utf-8"}


def response(number, file_format):
    """The file as a download."""
    digits = number.phone_number.lstrip("+")
    return StreamingHttpResponse(
        FORMATS[file_format](number),
        content_type=CONTENT_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="conversations-{digits}.{file_format}"'},
    )
