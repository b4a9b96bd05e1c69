"""A keyword starts one scenario of a bot."""

import pytest
from django.test import Client
from django.utils import translation

from accounts.testing import make_owner
from bots.document.matching import compared
from bots.editor import scenarios
from bots.models import BotScenario, ScenarioVersion
from bots.runtime.loading import published
from bots.simulation.simulation import simulate, simulate_draft
from bots.testing import document, make_bot, make_published_scenario, make_scenario
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

HELLO = {"key": "hello", "kind": "message", "text": "Hello"}


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def bot(owner):
    return make_bot(make_number(owner.business))


def starting(*words):
    """A document that starts with these (match, word)."""
    return document(HELLO, triggers=[{"kind": "keyword", "match": match, "value": word} for match, word in words])


def problems(scenario):
    with translation.override("en"):
        return [(problem.path, problem.code) for problem in scenarios.check(scenario).errors]


def test_a_word_of_another_scenario_is_an_error_that_names_both(bot):
    make_published_scenario(bot, starting(("equals", "цена")), name="Price list")
    scenario = make_scenario(bot, starting(("equals", "заказ"), ("equals", "Цена!")))
    with translation.override("en"):
        (problem,) = scenarios.check(scenario).errors
    assert (problem.path, problem.code) == ("triggers[1].value", "keyword_taken")
    assert problem.message == (
        "“Цена!” starts “Price list” too, another scenario of this bot. Leave it to one of them."
    )
    with pytest.raises(scenarios.BrokenScenario):
        scenarios.publish(scenario, None)
    assert not scenario.versions.exists()


@pytest.mark.parametrize(
    ("match", "first", "second"),
    [
        ("equals", "цена", "ЦЕНА"),
        ("equals", "цена", "«Цена»!"),
        ("equals", "ёлка", "елка"),
        ("equals", "сэнк  ю", "сэнк ю"),
        ("equals", "цена", "✅ Цена"),
        ("contains", "цена", "Цена."),
        ("starts", "цена", "цена"),
        ("regex", "^цена$", "^цена$"),
        ("regex", "ёж", "еж"),
    ],
)
def test_words_that_meet_the_same_texts_are_the_same(bot, match, first, second):
    make_scenario(bot, starting((match, first)))
    assert problems(make_scenario(bot, starting((match, second)))) == [("triggers[0].value", "keyword_taken")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("equals", "цена"), ("equals", "цены")),
        (("equals", "цена"), ("contains", "цена")),
        (("contains", "цена"), ("starts", "цена")),
        (("contains", "цена"), ("contains", "цена доставки")),
        (("regex", "цена"), ("regex", "Цена")),
        (("regex", "цена"), ("contains", "цена")),
        (("equals", "✅"), ("equals", "❌")),
        (("equals", ""), ("equals", "")),
    ],
)
def test_words_of_which_each_meets_texts_of_its_own_are_left_alone(bot, first, second):
    make_scenario(bot, starting(first))
    assert [found for found in problems(make_scenario(bot, starting(second))) if found[1] == "keyword_taken"] == []


def test_a_word_may_stand_twice_in_one_scenario(bot):
    assert problems(make_scenario(bot, starting(("equals", "цена"), ("equals", "Цена")))) == []


def test_other_triggers_are_no_words(bot):
    both = document(HELLO, triggers=[{"kind": "any"}, {"kind": "first_message"}])
    make_published_scenario(bot, both)
    assert problems(make_scenario(bot, both)) == []


def test_a_word_of_another_bot_or_business_is_free(bot, owner):
    words = starting(("equals", "цена"))
    make_published_scenario(make_bot(bot.whatsapp_number), words)
    make_published_scenario(make_bot(make_number(make_owner().business)), words)
    assert problems(make_scenario(bot, words)) == []


def test_a_word_of_a_scenario_that_is_switched_off_is_free(bot):
    words = starting(("equals", "цена"))
    make_published_scenario(bot, words, is_active=False)
    assert problems(make_scenario(bot, words)) == []


def test_a_word_that_another_scenario_still_has_in_its_live_version_is_taken(bot):
    words = starting(("equals", "цена"))
    other = make_published_scenario(bot, words)
    other.definition = starting(("equals", "заказ"))
    other.save()
    scenario = make_scenario(bot, words)
    assert problems(scenario) == [("triggers[0].value", "keyword_taken")]
    scenarios.publish(other, None)
    assert problems(scenario) == []


def test_a_draft_of_somebody_else_does_not_take_the_word_of_a_live_scenario(bot):
    words = starting(("equals", "цена"))
    live = make_published_scenario(bot, words)
    draft = make_scenario(bot, words)
    assert problems(live) == []
    assert scenarios.publish(live, None)
    assert problems(draft) == [("triggers[0].value", "keyword_taken")]


def test_scenarios_that_were_live_with_one_word_go_on(bot):
    words = starting(("equals", "цена"))
    first, second = (make_scenario(bot, words) for _ in range(2))
    for scenario in (first, second):
        ScenarioVersion.objects.create(business=bot.business, scenario=scenario, number=1, definition=words)
    assert [candidate.scenario_id for candidate in published(bot=bot)] == [first.pk, second.pk]
    with pytest.raises(scenarios.BrokenScenario):
        scenarios.publish(second, None)


def test_the_form_saves_the_draft_and_shows_the_error_at_the_word(client, bot, owner):
    client.force_login(owner)
    make_published_scenario(bot, starting(("equals", "цена")), name="Price list")
    scenario = make_scenario(bot, starting(("equals", "Цена")), name="Prices")
    page = client.get(f"/admin/bots/botscenario/{scenario.pk}/change/")
    (problem,) = page.context["adminform"].form.triggers.forms[0].problems["value"]
    assert "“Price list”" in problem.message and problem.message in page.content.decode()


def test_the_api_tells_it_and_keeps_the_draft(bot, owner):
    client = Client()
    client.force_login(owner)
    make_published_scenario(bot, starting(("equals", "цена")))
    scenario = make_scenario(bot)
    address = f"/api/v1/bot-scenarios/{scenario.pk}/"
    body = {"definition": starting(("equals", "цена!"))}
    assert client.patch(address, body, content_type="application/json").status_code == 200
    assert BotScenario.objects.get(pk=scenario.pk).definition == body["definition"]
    report = client.post(f"{address}validate/", content_type="application/json").json()
    assert [problem["code"] for problem in report["errors"]] == ["keyword_taken"]
    refused = client.post(f"{address}publish/", content_type="application/json")
    assert (refused.status_code, refused.json()) == (400, report)


def test_what_is_compared_of_a_word_without_letters_is_the_word():
    assert compared("equals", "✅") == "✅" != compared("equals", "❌")


def test_a_draft_with_a_taken_word_can_be_tried_out(bot):
    words = starting(("equals", "цена"))
    make_published_scenario(bot, words)
    draft = make_scenario(bot, words)
    assert [answer.text for answer in simulate_draft(draft, ["цена"])[0].answers] == ["Hello"]
    assert simulate(bot, ["цена"], draft=True)
