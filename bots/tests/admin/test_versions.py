"""Published versions, and the log."""

import re

import pytest

from accounts.testing import make_colleague, make_owner
from bots.editor.scenarios import publish
from bots.models import BotTurn
from bots.runtime import turns
from bots.testing import document, order
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


def test_an_earlier_version_is_restored_as_the_draft(client, scenario):
    version = publish(scenario, None)
    scenario.definition = document()
    scenario.save()
    assert "Restore as draft" in client.get(f"/admin/bots/scenarioversion/{version.pk}/change/").content.decode()
    assert client.get(f"/admin/bots/scenarioversion/{version.pk}/restore/").status_code == 405
    client.post(f"/admin/bots/scenarioversion/{version.pk}/restore/")
    scenario.refresh_from_db()
    assert scenario.definition == order()


def test_who_may_only_look_restores_nothing(client, owner, scenario):
    version = publish(scenario, None)
    client.force_login(make_colleague(owner))
    assert client.post(f"/admin/bots/scenarioversion/{version.pk}/restore/").status_code == 403


def test_the_log_says_in_words_why_the_bot_said_that(client, bot, scenario):
    publish(scenario, None)
    conversation = make_conversation(bot.whatsapp_number)
    make_message(conversation, "заказ")
    turns.take_turns(conversation.pk)
    turn = BotTurn.objects.get()
    page = client.get(f"/admin/bots/botturn/?session__id__exact={turn.session_id}").content.decode()
    assert "the customer wrote: “заказ”" in page
    assert "hello → size" in page
    assert re.search(r"said: “Какой размер\?” \[S \| M \| Другой\]", page)
    page = client.get(f"/admin/bots/botsession/{turn.session_id}/change/").content.decode()
    assert "What the bot did, and why" in page


@pytest.mark.parametrize(
    "address",
    [
        "bots/bot/{bot}/change/",
        "bots/bot/{bot}/try/",
        "bots/botscenario/{scenario}/change/",
        "bots/botscenario/{scenario}/try/",
        "bots/botscenario/{scenario}/export/",
        "bots/botscenario/{scenario}/import/",
        "bots/scenarioversion/{version}/change/",
    ],
)
def test_a_stranger_sees_nothing(client, scenario, address):
    version = publish(scenario, None)
    client.force_login(make_owner())
    address = address.format(bot=scenario.bot_id, scenario=scenario.pk, version=version.pk)
    assert client.get(f"/admin/{address}").status_code in (302, 404)


def test_a_stranger_restores_nothing(client, scenario):
    version = publish(scenario, None)
    client.force_login(make_owner())
    assert client.post(f"/admin/bots/scenarioversion/{version.pk}/restore/").status_code == 404
