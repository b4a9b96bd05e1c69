from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.testing import make_owner
from whatsapp.models import WebhookEvent
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

LIST = "/admin/whatsapp/webhookevent/"

STATES = {
    "waiting": {"due_at": timezone.now() + timedelta(minutes=1)},
    "processed": {"due_at": None, "processed_at": timezone.now()},
    "not_acted_on": {"due_at": None, "processed_at": timezone.now(), "acted_on": False},
    "given_up": {"due_at": None},
}


@pytest.mark.parametrize("state", STATES)
def test_events_are_filtered_by_their_state(client, state):
    owner = make_owner()
    number = make_number(owner.business)
    events = {
        name: WebhookEvent.objects.create(
            business=owner.business, whatsapp_number=number, field="messages", value={}, **fields
        )
        for name, fields in STATES.items()
    }
    client.force_login(owner)

    shown = client.get(LIST, {"state": state}).context["cl"].queryset

    assert list(shown) == [events[state]]


def test_an_event_that_is_not_acted_on_says_so(client):
    owner = make_owner(language="en")
    WebhookEvent.objects.create(
        business=owner.business,
        whatsapp_number=make_number(owner.business),
        field="history",
        value={},
        **STATES["not_acted_on"],
    )
    client.force_login(owner)

    assert 'class="field-state">not acted on</td>' in client.get(LIST).content.decode()
