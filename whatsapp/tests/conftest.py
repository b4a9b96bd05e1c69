import pytest

from . import handlers


@pytest.fixture
def handled(settings):
    """The texts of the messages that reached the apps above, in order."""
    settings.WHATSAPP_EVENT_HANDLER = "whatsapp.tests.handlers.remember"
    handlers.seen.clear()
    return handlers.seen
