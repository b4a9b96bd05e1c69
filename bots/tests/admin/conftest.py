"""The owner of a shop, signed in to the admin, with a bot and a scenario."""

import pytest

from accounts.testing import make_owner
from bots.testing import make_bot, make_scenario
from whatsapp.testing import make_number


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def bot(owner):
    return make_bot(make_number(owner.business))


@pytest.fixture
def scenario(bot):
    return make_scenario(bot)
