import pytest

from accounts.testing import make_owner
from whatsapp.tests.webhooks import handlers


@pytest.fixture
def handled(settings):
    """The texts of the messages that reached the apps above, in order."""
    settings.WHATSAPP_EVENT_HANDLER = "whatsapp.tests.webhooks.handlers.remember"
    handlers.seen.clear()
    return handlers.seen


@pytest.fixture
def owner(client):
    """Of a business; signed in."""
    owner = make_owner(language="en")
    client.force_login(owner)
    return owner
