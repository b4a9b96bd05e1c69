"""The owner of a shop, a number of theirs, and a client of the API that is signed in as them."""

import pytest
from django.test import Client
from django.utils import translation

from accounts.testing import make_owner
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.testing import make_customer
from whatsapp.testing import make_number


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


@pytest.fixture
def api(owner):
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def make_sending(meta):
    """Make a broadcast that was started, to so many people."""

    def make(number, people=3, **fields):
        broadcast = make_broadcast(number, status="sending", **fields)
        meta.approve(broadcast.template)
        for _ in range(people):
            make_broadcast_message(broadcast, make_customer(number.business))
        return broadcast

    return make
