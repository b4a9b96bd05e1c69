"""Rows of the ledger for tests. Its models are of upper apps, which are looked up here and not imported."""

from itertools import count

from django.apps import apps
from django.db import connection

_serial = count(1)


def message_model():
    return apps.get_model("crm", "Message")


def make_conversation(number, phone=None):
    phone = phone or f"+7999{next(_serial):07}"
    customer = apps.get_model("crm", "Customer").objects.create(business=number.business, phone=phone)
    return apps.get_model("crm", "Conversation").objects.create(
        business=number.business, whatsapp_number=number, customer=customer
    )


def new_row(number, conversation, text="Hello", **fields):
    """A message to be sent, not yet in the database."""
    return message_model()(
        business=number.business,
        whatsapp_number=number,
        conversation=conversation,
        direction="out",
        origin="person",
        type="text",
        text=text,
        content={"type": "text", "text": {"body": text}},
        **{"status": "queued", **fields},
    )


def make_row(number, conversation=None, text="Hello", **fields):
    """A message to be sent, to a person of its own unless a conversation is given."""
    row = new_row(number, conversation or make_conversation(number), text, **fields)
    row.save()
    return row


def make_broadcast_row(number, broadcast_status="draft", **fields):
    """A recipient of a broadcast."""
    template = apps.get_model("whatsapp", "MessageTemplate").objects.create(
        business=number.business, waba_id=number.waba_id, name=f"template_{next(_serial)}", language="ru"
    )
    broadcast = apps.get_model("broadcasts", "Broadcast").objects.create(
        business=number.business, whatsapp_number=number, name="News", template=template, status=broadcast_status
    )
    return apps.get_model("broadcasts", "BroadcastMessage").objects.create(
        business=number.business,
        whatsapp_number=number,
        broadcast=broadcast,
        customer=make_conversation(number).customer,
        **{"status": "accepted", **fields},
    )


def plan(queryset):
    """How the database goes about a query; PostgreSQL is kept from reading a table because it is small."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    return queryset.explain()
