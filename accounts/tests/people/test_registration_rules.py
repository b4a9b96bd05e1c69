"""Registering at the same moment, too often, and with more than is asked for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Business, Subscription, User
from accounts.people import registration
from accounts.people.registration import register, start_plan
from accounts.tenancy.scope import tenant_models
from accounts.testing import PASSWORD, make_business, make_owner

REGISTER = "/api/v1/auth/register/"

ASKED = {"email": "anna@example.com", "password": PASSWORD, "business_name": "Tea house"}


def post(client=None, **changes):
    return (client or Client()).post(REGISTER, {**ASKED, **changes}, content_type="application/json")


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["is_superuser", "role", "business", "is_suspended", "plan"])
def test_more_than_is_asked_for_is_refused(field):
    answer = post(**{field: 1})
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_answer_holds_no_password():
    assert PASSWORD not in post().content.decode()


@pytest.mark.django_db
def test_the_spaces_around_a_password_count():
    post(password=f"  {PASSWORD}  ")
    owner = User.objects.get()
    assert owner.check_password(f"  {PASSWORD}  ") and not owner.check_password(PASSWORD)


@pytest.mark.django_db
def test_the_chosen_language_is_the_owners_and_the_businesss():
    post(language="en")
    owner = User.objects.get()
    assert (owner.language, owner.business.language) == ("en", "en")


@pytest.mark.django_db
def test_without_a_language_the_business_has_the_installations(settings):
    post()
    owner = User.objects.get()
    assert (owner.language, owner.business.language) == ("", settings.LANGUAGE_CODE)


@pytest.mark.django_db
def test_a_new_business_has_the_rows_every_business_starts_with(monkeypatch):
    seeded = []
    for model in tenant_models():
        monkeypatch.setattr(model, "seed", lambda business, model=model: seeded.append((business, model)))
    business = make_business()
    assert seeded == [(business, model) for model in tenant_models()]


@pytest.mark.django_db
def test_a_dead_token_does_not_keep_anybody_from_registering():
    assert post(Client(headers={"Authorization": "Token nonsense"})).status_code == 201


@pytest.mark.django_db
def test_a_registration_that_fails_half_way_leaves_nothing(monkeypatch):
    def fail(business):
        raise RuntimeError

    monkeypatch.setattr(tenant_models()[0], "seed", fail)
    with pytest.raises(RuntimeError):
        register(**ASKED)
    assert not Business.objects.exists() and not User.objects.exists()


@pytest.mark.django_db
def test_a_password_like_the_email_is_refused():
    with pytest.raises(ValidationError) as refused:
        register(**{**ASKED, "password": "anna@example"})
    assert list(refused.value.message_dict) == ["password"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_register_one_email_at_once_one_is_told(monkeypatch):
    barrier = Barrier(2)
    validate = registration.validate_password

    def validate_with_the_other(*args):
        barrier.wait()
        validate(*args)

    monkeypatch.setattr(registration, "validate_password", validate_with_the_other)

    def one(name):
        try:
            return register(**{**ASKED, "business_name": name}).email
        except ValidationError as error:
            return list(error.message_dict)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(one, ["Tea house", "Coffee house"]))

    assert sorted(answers, key=str) == [["email"], "anna@example.com"]
    assert Business.objects.count() == 1


# Too often


@pytest.fixture
def rate(db, settings, request):
    settings.REGISTRATION_RATE = "2/hour"
    cache = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": request.node.name}
    settings.CACHES = {"default": cache}
    return settings


def register_many(count, **extra):
    """The statuses of so many registrations."""
    return [
        Client()
        .post(REGISTER, {**ASKED, "email": f"person{serial}@example.com"}, content_type="application/json", **extra)
        .status_code
        for serial in range(count)
    ]


def test_the_rate_counts_by_address(rate):
    assert register_many(3, REMOTE_ADDR="10.0.0.1") == [201, 201, 429]
    assert post(Client(REMOTE_ADDR="10.0.0.2"), email="other@example.com").status_code == 201


def test_a_forged_header_does_not_get_round_the_rate(rate):
    register_many(2)
    assert post(Client(headers={"X-Forwarded-For": "203.0.113.7"})).status_code == 429


def test_behind_a_proxy_the_rate_counts_by_caller(rate):
    rate.TRUSTED_PROXIES = 1
    assert register_many(3, HTTP_X_FORWARDED_FOR="203.0.113.7") == [201, 201, 429]
    assert post(Client(headers={"X-Forwarded-For": "203.0.113.8"})).status_code == 201


def test_after_its_time_the_rate_begins_anew(rate):
    register_many(2)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert post().status_code == 201


def test_what_is_no_registration_is_not_counted(rate):
    for _ in range(4):
        assert post(email="no address").status_code == 400
    assert post().status_code == 201


def test_without_a_rate_anybody_registers_as_often_as_they_like(rate):
    rate.REGISTRATION_RATE = ""
    assert register_many(4) == [201] * 4


# Plans


@pytest.mark.django_db
def test_a_plan_lasts_for_its_own_length():
    business = make_business()
    start_plan(business, "trial")
    subscription = Subscription.objects.get()
    assert subscription.ends_at - subscription.started_at == timedelta(days=14)


@pytest.mark.django_db
def test_an_end_that_is_given_comes_before_the_plans_length():
    business, until = make_business(), timezone.now() + timedelta(days=3)
    start_plan(business, "trial", until)
    assert Subscription.objects.get().ends_at == until


@pytest.mark.django_db
def test_a_plan_without_a_length_takes_the_end_of_the_one_before_away():
    business = make_business()
    start_plan(business, "trial")
    start_plan(business, "unlimited")
    assert Subscription.objects.get().ends_at is None


@pytest.mark.django_db
def test_another_businesss_plan_stays():
    stranger = make_owner().business
    start_plan(make_business(), "trial")
    assert Subscription.objects.get(business=stranger).plan == "unlimited"
