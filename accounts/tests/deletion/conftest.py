"""An owner, and a client that is signed in as them."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.testing import make_owner


@pytest.fixture
def owner() -> User:
    return make_owner(language="en")


@pytest.fixture
def signed_in(owner: User, client: Client) -> Client:
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    return client
