"""What is unique within a business is told on its field."""

import pytest
from rest_framework.test import APIClient

from accounts.testing import make_owner
from crm.models import Tag

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("url", "entered", "field"),
    [
        ("/api/v1/tags/", {"name": "vip"}, "name"),
        ("/api/v1/customers/", {"phone": "+79161234567"}, "phone"),
        ("/api/v1/deal-stages/", {"key": "waiting", "name": "Waiting"}, "key"),
    ],
)
def test_a_repeated_name_is_refused_on_its_field(url, entered, field):
    client = APIClient()
    client.force_authenticate(make_owner())
    assert client.post(url, entered, format="json").status_code == 201
    answer = client.post(url, entered, format="json")
    assert (answer.status_code, list(answer.data)) == (400, [field])


def test_another_business_may_use_the_same_name():
    first, second = make_owner(), make_owner()
    Tag.objects.create(business=first.business, name="vip")
    Tag(business=second.business, name="vip").full_clean()
