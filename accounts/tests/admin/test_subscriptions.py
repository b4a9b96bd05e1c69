"""The plan of a business in the admin: whoever pays does not set it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Subscription, User
from accounts.testing import make_administrator, make_colleague, make_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_owner(language="en")


def page(kind: str, *keys: int) -> str:
    return reverse(f"admin:accounts_subscription_{kind}", args=keys)


def test_an_owner_sees_the_own_plan_alone(client: Client, owner: User) -> None:
    other = make_owner()
    client.force_login(owner)
    listed = client.get(page("changelist")).context["cl"].result_list
    assert list(listed) == [owner.business.subscription]
    assert client.get(page("change", other.business.subscription.pk)).status_code == 302


def test_an_operator_does_not_see_it(client: Client, owner: User) -> None:
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert client.get(page("changelist")).status_code == 403


@pytest.mark.parametrize("who", ["owner", "administrator"])
def test_nobody_adds_or_deletes_one(client: Client, owner: User, who: str) -> None:
    client.force_login(owner if who == "owner" else make_administrator())
    assert client.get(page("add")).status_code == 403
    assert client.post(page("delete", owner.business.subscription.pk), {"post": "yes"}).status_code == 403
    assert Subscription.objects.filter(business=owner.business).exists()


def test_an_administrator_changes_the_plan_and_never_whose_it_is(client: Client, owner: User) -> None:
    other = make_owner()
    client.force_login(make_administrator())
    sent = {"plan": "trial", "ends_at_0": "2030-01-31", "ends_at_1": "12:00:00", "business": other.business_id}
    client.post(page("change", owner.business.subscription.pk), sent)
    subscription = Subscription.objects.get(business=owner.business)
    assert (subscription.plan, subscription.ends_at.year) == ("trial", 2030)


def test_a_plan_that_there_is_not_is_refused(client: Client, owner: User) -> None:
    client.force_login(make_administrator())
    before = owner.business.subscription.plan
    client.post(page("change", owner.business.subscription.pk), {"plan": "gold", "ends_at_0": "", "ends_at_1": ""})
    assert Subscription.objects.get(business=owner.business).plan == before
