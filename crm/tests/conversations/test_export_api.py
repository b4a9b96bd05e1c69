import pytest

from crm.testing import make_conversation, make_message
from crm.tests.calls import path

pytestmark = pytest.mark.django_db


def test_a_number_is_exported_in_the_form_that_is_asked_for(api, number):
    make_message(make_conversation(number), "Hello")
    address = path("whatsapp-numbers", number.pk, "export")

    assert api.get(address)["Content-Type"].startswith("text/csv")
    jsonl = api.get(address, {"as": "jsonl"}, headers={"Accept": "application/x-ndjson"})
    assert b'"text": "Hello"' in jsonl.getvalue()


@pytest.mark.parametrize("query", [{"as": "exe"}, {"form": "csv"}])
def test_an_unknown_form_is_refused(api, number, query):
    response = api.get(path("whatsapp-numbers", number.pk, "export"), query)

    assert response.status_code == 400
