import pytest

from accounts.testing import make_owner
from chatbot_site.overview import needs
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
