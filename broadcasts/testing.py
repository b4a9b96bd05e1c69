"""Broadcasts for tests."""

from itertools import count

from whatsapp.models import MessageTemplate

from .models import Broadcast, BroadcastMessage

_serial = count(1)


def make_template(business, **fields):
    fields = {"waba_id": "1020", "name": f"template_{next(_serial)}", "language": "ru", **fields}
    return MessageTemplate.objects.create(business=business, **fields)


def make_broadcast(number, **fields):
    fields = {"name": f"Broadcast {next(_serial)}", **fields}
    fields.setdefault("template", make_template(number.business))
    return Broadcast.objects.create(business=number.business, whatsapp_number=number, **fields)


def make_broadcast_message(broadcast, customer, status="planned", **fields):
    return BroadcastMessage.objects.create(
        business=broadcast.business,
        whatsapp_number=broadcast.whatsapp_number,
        broadcast=broadcast,
        customer=customer,
        status=status,
        **fields,
    )
