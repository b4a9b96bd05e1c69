import pytest

from accounts.testing import make_owner
from broadcasts.testing import make_broadcast, make_broadcast_message
from chatbot_site.overview import needs
from crm.testing import make_customer
from whatsapp.models import WebhookEvent
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def test_what_could_not_be_processed_is_linked_alone(client):
    owner = make_owner()
    number = make_number(owner.business)
    for due_at in (None, number.created_at):
        event = WebhookEvent(
            business=owner.business, whatsapp_number=number, field="messages", value={}, due_at=due_at
        )
        event.save()
    client.force_login(owner)

    [need] = needs(owner.business)

    assert need.count == 1
    assert client.get(need.url).context["cl"].result_count == 1


def test_broadcasts_that_wait_for_a_person_are_linked(client):
    owner = make_owner()
    number = make_number(owner.business)
    for shop in (number, make_number(make_owner().business)):
        for status in ("sending", "paused"):
            broadcast = make_broadcast(shop, status=status)
            make_broadcast_message(broadcast, make_customer(shop.business), "sent")
        make_broadcast_message(broadcast, make_customer(shop.business), "unknown")
    client.force_login(owner)

    found = needs(owner.business)

    assert [(need.kind, need.count) for need in found] == [("paused_broadcasts", 1), ("unknown_of_broadcasts", 1)]
    for need in found:
        assert client.get(need.url).context["cl"].result_count == 1
