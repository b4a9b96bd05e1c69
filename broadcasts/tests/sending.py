"""How tests have broadcasts sent, and look at it."""

from contextlib import contextmanager
from unittest.mock import patch

from broadcasts.models import BroadcastMessage
from whatsapp.sending import delivery
from whatsapp.sending.delivery import RESERVED_FOR_REPLIES
from whatsapp.sending.slots import Slots


def calls_at_once(count):
    """No more calls than that are under way."""
    return patch("whatsapp.sending.delivery.slots", Slots(RESERVED_FOR_REPLIES + count))


def deliver(number):
    return delivery.deliver(BroadcastMessage, number.pk)


def statuses(broadcast):
    return list(broadcast.messages.order_by("pk").values_list("status", flat=True))


@contextmanager
def claims(then=lambda: None):
    """The names of the broadcasts in the order of their claims; after each, `then` is called."""
    names, begin = [], delivery.Delivery._begin

    def note(self, rows):
        names.extend({row.kept.broadcast.name for row in rows})
        begun = begin(self, rows)
        then()
        return begun

    with patch.object(delivery.Delivery, "_begin", note):
        yield names
