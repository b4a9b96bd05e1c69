"""Bots in the admin."""

import pytest

from accounts.testing import make_colleague, make_owner
from bots.models import Bot
from bots.testing import make_bot, make_published_scenario
from bots.tests.admin.pages import BOTS, SCENARIOS
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


def test_a_bot_is_added_with_its_words(client, owner):
    number = make_number(owner.business)
    answer = client.post(
        f"{BOTS}add/",
        {
            "whatsapp_number": number.pk,
            "name": "Seller",
            "is_active": "on",
            "priority": 5,
            "menu_words": "menu, start ,",
            "operator_words": "",
            "operator_text": "",
        },
    )
    assert answer.status_code == 302
    bot = Bot.objects.get()
    assert (bot.business, bot.menu_words, bot.operator_words) == (owner.business, ["menu", "start"], [])


def test_a_new_bot_is_offered_the_words_that_a_bot_has_by_itself(client):
    form = client.get(f"{BOTS}add/").context["adminform"].form
    assert form["menu_words"].value() == "меню, menu"
    assert form["operator_words"].value() == "оператор, operator"


def test_one_bot_more_than_the_plan_allows_is_a_sentence(client, settings):
    settings.DEFAULT_PLAN = "trial"
    owner = make_owner(language="en")
    client.force_login(owner)
    number = make_number(owner.business)
    Bot.objects.bulk_create(Bot(business=owner.business, whatsapp_number=number, name=str(n)) for n in range(10))
    answer = client.post(f"{BOTS}add/", {"whatsapp_number": number.pk, "name": "x", "priority": 1})
    assert "allows 10 bots" in answer.content.decode()
    assert Bot.objects.count() == 10


def test_a_bot_s_page_links_its_scenarios(client, bot, scenario):
    page = client.get(f"{BOTS}{bot.pk}/change/").content.decode()
    assert f"/admin/bots/botscenario/{scenario.pk}/change/" in page


def test_who_may_only_look_at_a_bot_reads_its_words_and_hours(client, bot, owner):
    bot.menu_words = ["menu", "start"]
    bot.office_hours = {"tue": ["09:00-13:00", "14:00-18:00"]}
    bot.save()
    client.force_login(make_colleague(owner))

    page = client.get(f"{BOTS}{bot.pk}/change/", headers={"accept-language": "en"}).content.decode()

    assert "menu, start" in page
    assert "Tuesday: 09:00-13:00, 14:00-18:00" in page
    assert "None" not in page
    assert "Hours tue" not in page


@pytest.mark.parametrize("address", [BOTS, SCENARIOS])
def test_a_list_costs_the_same_for_many_rows(client, bot, address, django_assert_max_num_queries):
    for _row in range(3):
        make_published_scenario(make_bot(bot.whatsapp_number))
    # Session, person, business, two of permissions, the filters' numbers or bots, the count, the rows.
    with django_assert_max_num_queries(9):
        assert client.get(address).status_code == 200
