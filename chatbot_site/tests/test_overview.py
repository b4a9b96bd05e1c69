from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_owner
from broadcasts.testing import make_broadcast, make_broadcast_message
from chatbot_site.overview import needs, today
from crm.testing import make_conversation, make_customer, make_message
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


def test_today_counts_what_was_sent_and_what_failed_of_broadcasts_too():
    business = make_owner().business
    number = make_number(business)
    now, yesterday = timezone.now(), timezone.now() - timedelta(days=1)
    conversation = make_conversation(number)
    make_message(conversation)
    for status, accepted_at in (("read", now), ("failed", now), ("queued", None)):
        make_message(conversation, direction="out", status=status, accepted_at=accepted_at)
    old = make_broadcast(number, status="done", finished_at=yesterday)
    live = make_broadcast(number, status="sending")
    for broadcast, status, accepted_at in (
        (old, "read", yesterday),
        (live, "sent", now),
        (live, "read", now),
        (live, "failed", None),
        (live, "planned", None),
    ):
        make_broadcast_message(broadcast, make_customer(business), status, accepted_at=accepted_at)

    assert today(business) == {"received": 1, "sent": 3, "failed": 2}
