"""The page on which a bot is tried."""

import pytest

from bots.editor.scenarios import publish
from bots.testing import document, make_scenario
from bots.tests.admin.pages import BOTS, SCENARIOS
from crm.models import Message

pytestmark = pytest.mark.django_db


def test_a_chat_goes_on_from_page_to_page_and_stores_nothing(client, scenario):
    address = f"{SCENARIOS}{scenario.pk}/try/"
    assert client.get(address).status_code == 200
    page = client.post(address, {"text": "заказ"}).content.decode()
    assert "Какой размер?" in page and 'name="text" value="/tap size:m M">M<' in page
    page = client.post(address, {"said": ["заказ", "M"], "text": "Аня"}).content.decode()
    assert "Спасибо, Аня! Размер M." in page
    assert "created the deal “Футболка M” for 1500" in page
    assert not Message.objects.exists()


def test_a_button_of_an_earlier_menu_is_tapped_as_in_a_real_conversation(client, scenario):
    address = f"{SCENARIOS}{scenario.pk}/try/"
    page = client.post(address, {"said": ["заказ", "/tap size:m M", "/tap size:s S"], "text": "Аня"}).content.decode()
    assert "Спасибо, Аня! Размер S." in page and "/tap size:s S</p>" not in page


def test_what_a_service_answers_is_written_on_the_page_where_a_bot_is_tried(client, bot):
    call = {"key": "call", "kind": "http", "method": "GET", "url": "https://a.example.com/", "save_to": "reply"}
    ends = [
        {"key": "end", "kind": "end", "text": "No. {{vars.reply.number}}"},
        {"key": "no", "kind": "end", "text": "Sorry"},
    ]
    scenario = make_scenario(bot, document({**call, "failed": "no"}, *ends))
    address = f"{SCENARIOS}{scenario.pk}/try/"
    page = client.post(address, {"text": "hi"}).content.decode()
    assert "Sorry" in page and 'name="answer-call"' in page
    page = client.post(address, {"said": ["hi"], "answer-call": '{"number": 7}'}).content.decode()
    assert "No. 7" in page and "Sorry" not in page
    page = client.post(address, {"said": ["hi"], "answer-call": "seven"}).content.decode()
    assert "Sorry" in page and "This is no JSON, so it counts as no answer." in page


def test_the_time_to_answer_runs_out_where_a_bot_is_tried(client, scenario):
    address = f"{SCENARIOS}{scenario.pk}/try/"
    assert 'value="/skip"' in client.post(address, {"text": "заказ"}).content.decode()
    page = client.post(address, {"said": ["заказ"], "text": "/skip"}).content.decode()
    assert "До свидания!" in page and "(no answer in time)" in page


def test_a_draft_with_mistakes_cannot_be_tried_and_says_why(client, bot):
    scenario = make_scenario(bot, document())
    assert "The scenario has no steps" in client.get(f"{SCENARIOS}{scenario.pk}/try/").content.decode()


def test_a_mistake_is_told_by_the_name_of_its_step(client, bot):
    scenario = make_scenario(bot, document({"key": "hello", "kind": "message"}))
    page = client.get(f"{SCENARIOS}{scenario.pk}/try/").content.decode()
    assert "Step “hello”: Write something here." in page and "steps[0]" not in page


def test_a_bot_is_tried_as_it_is_published(client, bot, scenario):
    address = f"{BOTS}{bot.pk}/try/"
    assert "The bot says nothing." in client.post(address, {"text": "заказ"}).content.decode()
    publish(scenario, None)
    assert "Какой размер?" in client.post(address, {"text": "заказ"}).content.decode()
