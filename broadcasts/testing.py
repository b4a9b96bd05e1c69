"""Broadcasts for tests."""

from itertools import count
from typing import Any

from crm.models import Customer
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_template

from .models import Broadcast, BroadcastMessage

_serial = count(1)


def make_broadcast(number: WhatsAppNumber, **fields: Any) -> Broadcast:
    """A draft to everybody, of a template without placeholders."""
    fields = {"name": f"Broadcast {next(_serial)}", "audience": {"everyone": True}, **fields}
    if "template" not in fields:
        fields["template"] = make_template(number, "20 % off today.")
    return Broadcast.objects.create(business=number.business, whatsapp_number=number, **fields)


def make_broadcast_message(
    broadcast: Broadcast, customer: Customer, status: str = "planned", **fields: Any
) -> BroadcastMessage:
    return BroadcastMessage.objects.create(
        business=broadcast.business,
        whatsapp_number=broadcast.whatsapp_number,
        broadcast=broadcast,
        customer=customer,
        status=status,
        **fields,
    )
