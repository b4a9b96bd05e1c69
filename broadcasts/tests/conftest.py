"""The owner of a shop, a number of theirs, and a client of the API that is signed in as them."""

import pytest
from django.test import Client
from django.utils import translation

from accounts.testing import make_owner
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
