"""The owner of a business, a number of theirs, and a client of the API that is signed in as them."""

import pytest

from accounts.testing import make_owner
from crm.tests.calls import signed_in
from whatsapp.testing import make_number


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def api(owner):
    return signed_in(owner)


@pytest.fixture
def number(owner):
    return make_number(owner.business)
