"""What a plan allows, and when nothing may be sent."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Business, Subscription
from accounts.people.registration import start_plan
from accounts.plans import ADVICE, LIMIT_NAMES, PLANS, check_limit, check_may_send
from accounts.refusals import Refusal
from accounts.testing import make_business

pytestmark = pytest.mark.django_db

LIMIT = PLANS["trial"].limits["people"]


@pytest.fixture
def business():
    business = make_business("Tea house")
    start_plan(business, "trial")
    return Business.objects.get()


def refusal_of(check, *arguments):
    with pytest.raises(Refusal) as refused:
        check(*arguments)
    return refused.value


@pytest.mark.parametrize("count", [0, LIMIT - 1, LIMIT])
def test_as_many_as_the_plan_allows_are_let_through(business, count):
    check_limit(business, "people", lambda: count)


def test_one_more_is_refused(business):
    assert refusal_of(check_limit, business, "people", lambda: LIMIT + 1).code == "plan_limit"


def test_what_a_plan_does_not_name_is_not_even_counted(business):
    start_plan(business, "unlimited")
    check_limit(Business.objects.get(), "people", lambda: pytest.fail("It was counted."))


def test_the_plan_counts_that_is_stored_now(business):
    assert business.subscription.plan == "trial"
    Subscription.objects.update(plan="unlimited")
    check_limit(business, "people", lambda: LIMIT + 1)


@pytest.mark.parametrize("what", PLANS["trial"].limits)
def test_the_refusal_names_the_limit_and_what_to_do(business, what, settings):
    settings.LANGUAGE_CODE = "en"
    limit = PLANS["trial"].limits[what]
    text = str(refusal_of(check_limit, business, what, lambda: limit + 1))
    assert str(limit) in text and str(LIMIT_NAMES[what]) in text and str(PLANS["trial"].name) in text
    assert str(ADVICE.get(what, "")) in text


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_every_limit_of_a_plan_has_a_name(plan):
    assert set(plan.limits) <= set(LIMIT_NAMES)


def test_a_business_on_a_plan_may_send(business):
    check_may_send(business)


def test_a_suspended_business_may_not_send(business):
    business.is_suspended = True
    assert refusal_of(check_may_send, business).code == "suspended"


def test_after_the_end_of_its_plan_a_business_may_not_send(business):
    with time_machine.travel(business.subscription.ends_at + timedelta(seconds=1)):
        assert refusal_of(check_may_send, business).code == "suspended"


@pytest.mark.parametrize(("seconds", "status"), [(-1, "trial"), (0, "expired"), (1, "expired")])
def test_a_plan_is_over_at_its_end(business, seconds, status):
    subscription = business.subscription
    with time_machine.travel(subscription.ends_at + timedelta(seconds=seconds), tick=False):
        assert subscription.status == status


def test_a_suspension_is_told_before_the_end_of_the_plan(business):
    business.is_suspended = True
    business.subscription.ends_at = timezone.now() - timedelta(days=1)
    assert business.subscription.status == "suspended"


def test_a_plan_without_an_end_goes_on(business):
    start_plan(business, "unlimited")
    with time_machine.travel(timezone.now() + timedelta(days=3650)):
        assert Subscription.objects.get().status == "active"
