"""A tenant and its plan."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import ApiToken, Business, Subscription, User
from accounts.testing import make_business, make_colleague, make_owner

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "value"),
    [("country", "ZZ"), ("country", "ru"), ("time_zone", "Moscow"), ("currency", "rub"), ("language", "fr")],
)
def test_a_setting_that_cannot_be_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Business(**{"name": "Tea house", field: value}).full_clean()
    assert list(refused.value.error_dict) == [field]


def test_a_business_that_is_retired_is_suspended_and_its_people_are_switched_off() -> None:
    owner, other = make_owner(), make_owner()
    colleague = make_colleague(owner)
    for person in (owner, other):
        ApiToken.objects.create(user=person, name="shop")
    owner.business.retire()
    assert Business.objects.get(pk=owner.business_id).is_suspended
    assert set(User.objects.filter(is_active=True)) == {other}
    assert [token.user for token in ApiToken.objects.all()] == [other]
    assert colleague.business == owner.business


def subscription(**fields: object) -> Subscription:
    business = make_business()
    Subscription.objects.filter(business=business).update(**fields)
    return Subscription.objects.get(business=business)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"plan": "trial", "ends_at": None}, Subscription.Status.TRIAL),
        ({"plan": "unlimited", "ends_at": None}, Subscription.Status.ACTIVE),
        ({"plan": "unlimited", "ends_at": timezone.now() + timedelta(days=1)}, Subscription.Status.ACTIVE),
        ({"plan": "unlimited", "ends_at": timezone.now() - timedelta(days=1)}, Subscription.Status.EXPIRED),
        ({"plan": "trial", "ends_at": timezone.now() - timedelta(days=1)}, Subscription.Status.EXPIRED),
    ],
)
def test_a_plan_is_tried_active_or_over(fields: dict[str, object], status: str) -> None:
    assert subscription(**fields).status == status


def test_the_plan_of_a_suspended_business_is_suspended_whatever_its_end() -> None:
    plan = subscription(plan="trial", ends_at=timezone.now() - timedelta(days=1))
    plan.business.is_suspended = True
    assert plan.status == Subscription.Status.SUSPENDED
