import pytest

from accounts.testing import make_owner
from broadcasts.testing import make_broadcast, make_broadcast_message
from crm.testing import make_customer
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

BROADCASTS = "/admin/broadcasts/broadcast/"
MESSAGES = "/admin/broadcasts/broadcastmessage/"


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def message(owner):
    broadcast = make_broadcast(make_number(owner.business), name="Autumn sale")
    return make_broadcast_message(broadcast, make_customer(owner.business, name="Иванов"))


@pytest.mark.parametrize("query", ["", "?q=autumn", "?status__exact=draft"])
def test_broadcasts_are_listed_searched_and_filtered(client, message, query):
    assert "Autumn sale" in client.get(BROADCASTS + query).content.decode()


def test_recipients_are_found_by_broadcast_and_by_name(client, message):
    address = f"{MESSAGES}?broadcast__id__exact={message.broadcast_id}"
    assert "Иванов" in client.get(f"{address}&q=иванов").content.decode()


@pytest.mark.parametrize("address", [BROADCASTS, MESSAGES])
def test_broadcasts_are_only_looked_at(client, message, address):
    pk = message.pk if address == MESSAGES else message.broadcast_id
    assert client.get(f"{address}{pk}/change/").status_code == 200
    assert client.get(f"{address}add/").status_code == 403
    assert client.post(f"{address}{pk}/change/", {}).status_code == 403
    assert client.post(f"{address}{pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_list_costs_the_same_for_many_rows(client, message, django_assert_max_num_queries):
    for _row in range(3):
        make_broadcast_message(message.broadcast, make_customer(message.business))
    # Session, person, business, two of permissions, the filter's broadcasts, the count, the rows.
    with django_assert_max_num_queries(9):
        client.get(MESSAGES)
