"""What a plan allows, also when several ask at the same moment: threads with connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import Business, User
from accounts.people import team
from accounts.people.registration import start_plan
from accounts.refusals import Refusal
from accounts.testing import make_business
from bots.editor.create import create_bot
from bots.models import Bot
from whatsapp.models import WhatsAppNumber
from whatsapp.numbers import numbers
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 4

PHONE = "+79160000000"


@pytest.fixture
def business():
    """On a plan of which one more of everything is allowed."""
    business = make_business()
    start_plan(business, "trial")
    number = make_number(business)
    for serial in range(3):
        make_number(business)
        User.objects.create_user(f"person{serial}@example.com", business=business, role="operator")
    for serial in range(9):
        create_bot(business, whatsapp_number=number, name=f"Bot {serial}")
    return business


def invite(business, serial):
    team.invite(User(email=f"invited{serial}@example.com", role="operator", business=business))


def add_bot(business, serial):
    number = WhatsAppNumber.objects.for_business(business).first()
    create_bot(business, whatsapp_number=number, name=f"One more {serial}")


def connect(business, serial):
    numbers.connect(business, name="New", phone_number=PHONE, phone_number_id=f"77{serial}", access_token="EAA")


@pytest.mark.parametrize(
    ("add", "count", "limit"),
    [
        (invite, lambda: User.objects.count(), 5),
        (add_bot, lambda: Bot.objects.count(), 10),
        (connect, lambda: WhatsAppNumber.objects.count(), 5),
    ],
    ids=["people", "bots", "numbers"],
)
def test_of_several_at_once_no_more_are_made_than_the_plan_allows(business, settings, add, count, limit):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    barrier = Barrier(AT_ONCE)

    def one(serial):
        try:
            mine = Business.objects.get(pk=business.pk)
            barrier.wait()
            add(mine, serial)
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(one, range(AT_ONCE)))

    assert sorted(answers, key=str) == [None] + ["plan_limit"] * (AT_ONCE - 1)
    assert count() == limit
