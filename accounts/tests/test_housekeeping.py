from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import ApiToken, IdempotentRequest
from accounts.tasks import delete_expired
from accounts.testing import make_owner

pytestmark = pytest.mark.django_db


def test_what_is_over_is_forgotten_and_the_rest_stays():
    owner = make_owner()
    over, _ = ApiToken.objects.create(user=owner, expiry=timedelta(days=-1))
    ApiToken.objects.create(user=owner, expiry=None, name="Shop")
    old = IdempotentRequest.objects.create(user=owner, key="old")
    IdempotentRequest.objects.create(user=owner, key="new")
    IdempotentRequest.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert delete_expired() == {"sessions": 0, "tokens": 1, "responses": 1, "selections": 0}
    assert ApiToken.objects.get().name == "Shop"
    assert IdempotentRequest.objects.get().key == "new"
