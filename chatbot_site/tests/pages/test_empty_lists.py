"""A list without rows says what will stand in it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.testing import make_owner

pytestmark = pytest.mark.django_db

#: The lists that have no row in a business that is new.
LISTS = {
    "bots_allowedhost": "No hosts yet",
    "bots_botsession": "No sessions yet",
    "bots_botturn": "No turns yet",
    "bots_scenarioversion": "No versions yet",
    "whatsapp_webhookevent": "No events yet",
    "accounts_deletion": "Nothing has been deleted yet",
    "accounts_apitoken": "No tokens yet",
    "crm_customer": "No customers yet",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_rows_says_what_will_stand_in_it(client: Client, name: str) -> None:
    client.force_login(make_owner(language="en"))

    assert LISTS[name] in client.get(reverse(f"admin:{name}_changelist")).text
