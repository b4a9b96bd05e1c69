"""What becomes of the numbers of an installation that did not ask Meta whose they are."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.testing import make_business
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

confirm_connected = import_module("whatsapp.migrations.0010_take_connected_numbers_as_confirmed").confirm_connected


def upgraded(**fields):
    later = timezone.now() + timedelta(hours=5)
    unknown = {"confirmed_at": None, "waba_confirmed_at": None, "check_due_at": later}
    number = make_number(make_business(), **unknown, **fields)
    confirm_connected(apps, None)
    return WhatsAppNumber.objects.get(pk=number.pk)


@pytest.mark.parametrize(
    ("fields", "is_confirmed"),
    [
        ({"status": "connected"}, True),
        ({"status": "problem", "meta_status": "CONNECTED"}, True),
        ({"status": "problem", "meta_status": ""}, False),
        ({"status": "not_checked", "meta_status": "CONNECTED"}, False),
        ({"status": "connected", "phone_number_id": "deleted-7"}, False),
    ],
    ids=str,
)
def test_what_meta_has_told_of_is_confirmed(fields, is_confirmed):
    assert (upgraded(**fields).confirmed_at is not None) == is_confirmed


def test_since_when_is_when_meta_told():
    checked_at = timezone.now() - timedelta(days=2)
    assert upgraded(checked_at=checked_at).confirmed_at == checked_at


def test_an_account_is_confirmed_by_the_next_check_which_is_due_at_once():
    number = upgraded()
    assert number.waba_confirmed_at is None
    assert number.check_due_at <= timezone.now()


def test_a_confirmed_number_without_an_account_is_checked_in_its_time():
    assert upgraded(waba_id="").check_due_at > timezone.now()
