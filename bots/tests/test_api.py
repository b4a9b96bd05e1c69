import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.testing import make_business, make_colleague, make_owner
from bots.models import Bot, BotScenario, ScenarioVersion
from bots.testing import document, make_bot, make_published_scenario, make_scenario, order
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

BOTS = "/api/v1/bots/"
SCENARIOS = "/api/v1/bot-scenarios/"


def client_of(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def client(owner):
    return client_of(owner)


@pytest.fixture
def number(owner):
    return make_number(owner.business)


@pytest.fixture
def bot(number):
    return make_bot(number)


def broken():
    definition = order()
    definition["steps"][4]["next"] = "nowhere"
    return definition


def test_a_bot_is_created_read_changed_and_deleted(client, number):
    made = client.post(BOTS, {"whatsapp_number": number.pk, "name": "Продавец"}, format="json")
    assert made.status_code == 201
    assert made.json()["is_active"] is True and made.json()["whatsapp_number"] == number.pk
    address = f"{BOTS}{made.json()['id']}/"
    assert client.get(address).json() == made.json()
    changed = client.patch(address, {"priority": 5, "is_active": False}, format="json").json()
    assert (changed["priority"], changed["is_active"]) == (5, False)
    assert client.delete(address).status_code == 204
    assert not Bot.objects.exists()


def test_bots_are_filtered_by_number(client, bot):
    make_bot(make_number(bot.business))
    found = client.get(BOTS, {"whatsapp_number": bot.whatsapp_number_id}).json()["results"]
    assert [row["id"] for row in found] == [bot.pk]


def test_another_business_s_number_does_not_exist(client):
    answer = client.post(BOTS, {"whatsapp_number": make_number(make_business()).pk, "name": "x"}, format="json")
    assert answer.status_code == 400
    assert "whatsapp_number" in answer.json()
    assert not Bot.objects.exists()


def test_another_business_s_bot_is_not_found(client):
    strange = make_bot(make_number(make_business()))
    assert client.get(f"{BOTS}{strange.pk}/").status_code == 404
    assert client.post(f"{BOTS}{strange.pk}/simulate/", {"messages": ["a"]}, format="json").status_code == 404


def test_the_plan_limits_the_bots(settings):
    settings.DEFAULT_PLAN = "trial"
    owner = make_owner()
    number = make_number(owner.business)
    Bot.objects.bulk_create(Bot(business=owner.business, whatsapp_number=number, name=str(n)) for n in range(10))
    answer = client_of(owner).post(BOTS, {"whatsapp_number": number.pk, "name": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_limit")
    assert Bot.objects.count() == 10


def test_an_operator_reads_and_does_not_write(bot):
    operator = client_of(make_colleague(make_owner()))
    assert operator.get(BOTS).status_code == 200
    assert operator.post(BOTS, {}, format="json").status_code == 403


def test_an_operator_may_check_and_not_publish(owner, bot):
    operator = client_of(make_colleague(owner, Role.OPERATOR))
    scenario = make_scenario(bot)
    assert operator.post(f"{SCENARIOS}{scenario.pk}/validate/").status_code == 200
    assert operator.post(f"{SCENARIOS}{scenario.pk}/publish/").status_code == 403


def test_a_simulation_answers_turn_by_turn(client, bot):
    make_published_scenario(bot)
    answer = client.post(f"{BOTS}{bot.pk}/simulate/", {"messages": ["привет", "S"]}, format="json")
    assert answer.json() == {
        "turns": [
            {
                "in": "привет",
                "out": [
                    {"text": "Здравствуйте, друг!", "choices": []},
                    {"text": "Какой размер?", "choices": ["S", "M", "Другой"]},
                ],
            },
            {"in": "S", "out": [{"text": "Как вас зовут?", "choices": []}]},
        ]
    }


def test_a_simulation_is_told_what_services_answer(client, bot):
    call = {"key": "call", "kind": "http", "method": "GET", "url": "https://a.example.com/", "save_to": "reply"}
    make_scenario(bot, document(call, {"key": "end", "kind": "end", "text": "{{vars.reply.ok}}"}))
    body = {"messages": ["hi"], "draft": True, "answers": {"call": {"ok": "yes"}}}
    turns = client.post(f"{BOTS}{bot.pk}/simulate/", body, format="json").json()["turns"]
    assert turns == [{"in": "hi", "out": [{"text": "yes", "choices": []}]}]


@pytest.mark.parametrize(
    "body", [{}, {"messages": []}, {"messages": "a"}, {"messages": [""]}, {"messages": ["a"] * 101}]
)
def test_a_simulation_without_messages_is_refused(client, bot, body):
    answer = client.post(f"{BOTS}{bot.pk}/simulate/", body, format="json")
    assert answer.status_code == 400
    assert "messages" in answer.json()


def test_a_simulation_of_a_broken_draft_says_what_is_wrong(client, bot):
    make_scenario(bot, broken())
    answer = client.post(f"{BOTS}{bot.pk}/simulate/", {"messages": ["a"], "draft": True}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "missing_step"


def test_a_scenario_is_created_read_changed_and_deleted(client, bot):
    made = client.post(SCENARIOS, {"bot": bot.pk, "name": "Заказ", "definition": order()}, format="json")
    assert made.status_code == 201
    address = f"{SCENARIOS}{made.json()['id']}/"
    assert client.get(address).json()["definition"] == order()
    assert client.patch(address, {"is_active": False}, format="json").json()["is_active"] is False
    assert client.delete(address).status_code == 204


def test_scenarios_are_filtered_by_bot(client, bot):
    scenario = make_scenario(bot)
    make_scenario(make_bot(bot.whatsapp_number))
    assert [row["id"] for row in client.get(SCENARIOS, {"bot": bot.pk}).json()["results"]] == [scenario.pk]


def test_a_draft_may_be_unfinished(client, bot):
    answer = client.post(SCENARIOS, {"bot": bot.pk, "name": "Заказ", "definition": broken()}, format="json")
    assert answer.status_code == 201
    report = client.post(f"{SCENARIOS}{answer.json()['id']}/validate/").json()
    assert report["errors"] == [
        {
            "path": "steps[4].next",
            "code": "missing_step",
            "message": "There is no step “nowhere”. Choose one of the steps, or add it.",
        }
    ]


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({**order(), "colour": "red"}, "colour"),
        (document({"key": "a", "kind": "message", "text": "a", "bold": True}), "steps[0].bold"),
        (document({"key": "a", "kind": "dance", "text": "a"}), "steps[0].kind"),
        ("{}", ""),
    ],
)
def test_a_draft_that_is_no_document_is_refused_with_the_path(client, bot, definition, path):
    answer = client.post(SCENARIOS, {"bot": bot.pk, "name": "Заказ", "definition": definition}, format="json")
    assert answer.status_code == 400
    assert answer.json()["definition"][0].startswith(path)
    assert not BotScenario.objects.exists()


def test_publishing_answers_with_the_version(client, bot, owner):
    scenario = make_scenario(bot)
    version = client.post(f"{SCENARIOS}{scenario.pk}/publish/").json()
    assert (version["number"], version["definition"], version["published_by"]) == (1, order(), owner.pk)
    assert client.get(f"{SCENARIOS}{scenario.pk}/versions/").json()["results"] == [version]


def test_the_versions_of_a_scenario_take_no_filter_of_the_scenarios(client, bot):
    scenario = make_scenario(bot)
    assert client.get(f"{SCENARIOS}{scenario.pk}/versions/", {"bot": bot.pk}).status_code == 400


def test_publishing_a_scenario_with_a_missing_step_changes_nothing(client, bot):
    scenario = make_scenario(bot, broken())
    answer = client.post(f"{SCENARIOS}{scenario.pk}/publish/")
    assert answer.status_code == 400
    assert [(problem["path"], problem["code"]) for problem in answer.json()["errors"]] == [
        ("steps[4].next", "missing_step")
    ]
    assert not ScenarioVersion.objects.exists()


def test_a_scenario_of_another_business_s_bot_is_refused(client):
    answer = client.post(SCENARIOS, {"bot": make_bot(make_number(make_business())).pk, "name": "x"}, format="json")
    assert answer.status_code == 400
    assert "bot" in answer.json()


def test_an_unknown_filter_is_refused(client):
    assert client.get(SCENARIOS, {"colour": "red"}).status_code == 400


@pytest.mark.parametrize("address", [BOTS, SCENARIOS])
def test_a_list_costs_the_same_for_one_row_and_for_many(client, bot, address, django_assert_num_queries):
    for _row in range(3):
        make_scenario(make_bot(bot.whatsapp_number))
    # The role's permissions (two queries), the count, the rows.
    with django_assert_num_queries(4):
        assert client.get(address).json()["count"] >= 3
