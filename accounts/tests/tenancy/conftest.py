"""Two businesses that know nothing of each other."""

import pytest

from accounts.models import User
from accounts.testing import make_owner


@pytest.fixture
def owner() -> User:
    return make_owner("Tea house", language="en")


@pytest.fixture
def stranger() -> User:
    return make_owner("Coffee house", language="en")
