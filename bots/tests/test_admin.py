import json
import re
from copy import deepcopy

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from accounts.testing import make_colleague, make_owner
from bots import flow, turns
from bots.models import Bot, BotScenario, BotTurn, ScenarioVersion
from bots.scenarios import publish
from bots.testing import document, make_bot, make_published_scenario, make_scenario, order
from crm.models import Message
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db

BOTS = "/admin/bots/bot/"
SCENARIOS = "/admin/bots/botscenario/"


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def bot(owner):
    return make_bot(make_number(owner.business))


@pytest.fixture
def scenario(bot):
    return make_scenario(bot)


def fields_of(form):
    """What a browser would post of a scenario's form as it is shown."""
    shown = [form, form.triggers.management_form, *form.triggers, form.steps.management_form, *form.steps]
    for step in form.steps:
        for part in (step.choices, step.rules):
            shown += [part.management_form, *part]
    values = {}
    for part in shown:
        for field in part:
            value = field.value()
            if value is not None and value is not False:
                values[field.html_name] = value
    return values


def shown_fields(client, address):
    return fields_of(client.get(address).context["adminform"].form)


def change(scenario):
    return f"{SCENARIOS}{scenario.pk}/change/"


# Bots


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


@pytest.mark.parametrize("address", [BOTS, SCENARIOS])
def test_a_list_costs_the_same_for_many_rows(client, bot, address, django_assert_max_num_queries):
    for _row in range(3):
        make_published_scenario(make_bot(bot.whatsapp_number))
    # Session, person, business, two of permissions, the filters' numbers or bots, the count, the rows.
    with django_assert_max_num_queries(9):
        assert client.get(address).status_code == 200


# Scenarios


def test_saving_a_scenario_unchanged_changes_nothing(client, scenario):
    answer = client.post(change(scenario), shown_fields(client, change(scenario)))
    assert answer.status_code == 302, answer.context["errors"]
    scenario.refresh_from_db()
    assert scenario.definition == order()


def test_a_scenario_is_written_in_the_form(client, bot):
    fields = shown_fields(client, f"{SCENARIOS}add/")
    fields |= {
        "bot": bot.pk,
        "name": "Size",
        "expires": "600",
        "triggers-0-kind": "equals",
        "triggers-0-value": "size",
        "steps-0-key": "size",
        "steps-0-kind": "menu",
        "steps-0-text": "Which size?",
        "steps-0-save_to": "size",
        "steps-0-choices-0-label": "S",
        "steps-0-choices-1-label": "M",
        "steps-0-choices-1-next": "bye",
        "steps-0-deal_title": "belongs to another kind",
        "steps-1-key": "bye",
        "steps-1-kind": "end",
        "steps-1-text": "Bye, {{vars.size}}",
    }
    assert client.post(f"{SCENARIOS}add/", fields).status_code == 302
    assert BotScenario.objects.get().definition == {
        "format": 1,
        "expires": 600,
        "triggers": [{"kind": "keyword", "match": "equals", "value": "size"}],
        "steps": [
            {
                "key": "size",
                "kind": "menu",
                "text": "Which size?",
                "save_to": "size",
                "choices": [{"key": "c1", "label": "S"}, {"key": "c2", "label": "M", "next": "bye"}],
            },
            {"key": "bye", "kind": "end", "text": "Bye, {{vars.size}}"},
        ],
    }


def test_steps_are_moved_and_deleted(client, scenario):
    fields = shown_fields(client, change(scenario))
    fields |= {"steps-6-ORDER": "0", "steps-3-DELETE": "on", "triggers-1-DELETE": "on"}
    client.post(change(scenario), fields)
    scenario.refresh_from_db()
    assert [step["key"] for step in scenario.definition["steps"]] == [
        "bye",
        "hello",
        "size",
        "name",
        "thanks",
        "human",
    ]
    assert len(scenario.definition["triggers"]) == 1


def test_a_blank_row_that_was_only_numbered_is_no_step(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-7-ORDER": "8", "steps-8-ORDER": "9"}
    assert client.post(change(scenario), fields).status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == order()


def test_a_row_without_a_key_is_shown_again_and_nothing_is_saved(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-0-key": "", "name": "Other"}
    answer = client.post(change(scenario), fields)
    assert "Give the step a key" in answer.content.decode()
    scenario.refresh_from_db()
    assert scenario.definition == order() and scenario.name != "Other"


def test_a_line_that_cannot_be_read_is_shown_again(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-3-attributes": "no equals sign"}
    assert "Write each line like" in client.post(change(scenario), fields).content.decode()


def test_a_problem_stands_beside_its_field(client, bot):
    definition = order()
    definition["steps"][1]["choices"][2]["next"] = "nowhere"
    definition["steps"][4]["next"] = "neverland"
    definition["steps"][3]["deal"]["stage"] = "nirvana"
    form = client.get(change(make_scenario(bot, definition))).context["adminform"].form
    assert [*form.steps[1].choices.forms[2].problems] == ["next"]
    assert [*form.steps[3].problems] == ["deal_stage"]
    assert [*form.steps[4].problems] == ["next"]


def test_saving_a_draft_with_a_mistake_says_that_it_cannot_be_published(client, scenario):
    fields = shown_fields(client, change(scenario)) | {"steps-4-next": "nowhere"}
    page = client.post(change(scenario), {**fields, "_continue": "1"}, follow=True).content.decode()
    assert "1 mistake keeps this scenario from being published" in page
    assert "There is no step “nowhere”" in page


def test_publishing_from_the_form(client, scenario, owner):
    fields = shown_fields(client, change(scenario)) | {"steps-0-text": "Hello!", "_publish": "1"}
    page = client.post(change(scenario), fields, follow=True).content.decode()
    assert "Version 1 is live" in page
    version = ScenarioVersion.objects.get()
    assert (version.definition["steps"][0]["text"], version.published_by) == ("Hello!", owner)


def test_publishing_a_scenario_with_a_missing_step_says_so_and_changes_nothing(client, scenario):
    publish(scenario, None)
    fields = shown_fields(client, change(scenario)) | {"steps-4-next": "nowhere", "_publish": "1"}
    page = client.post(change(scenario), fields, follow=True).content.decode()
    key = order()["steps"][4]["key"]
    assert f"Saved, but not published: Step “{key}”: There is no step “nowhere”." in page
    assert ScenarioVersion.objects.get().definition == order()


def test_an_unfinished_draft_is_shown(client, bot):
    unfinished = document({"kind": "menu"}, {"kind": "goto"}, triggers=[{"kind": "keyword"}])
    assert client.get(change(make_scenario(bot, unfinished))).status_code == 200


def test_a_colleague_who_may_only_look_sees_the_flow_and_no_form(client, owner, scenario):
    client.force_login(make_colleague(owner))
    page = client.get(change(scenario)).content.decode()
    assert "Какой размер?" in page and "steps-0-text" not in page
    assert client.post(change(scenario), {}).status_code == 403


# Export and import


def test_what_is_exported_can_be_imported(client, scenario, bot):
    exported = client.get(f"{SCENARIOS}{scenario.pk}/export/")
    assert exported.headers["Content-Disposition"].startswith("attachment")
    other = make_scenario(bot, document())
    file = SimpleUploadedFile("scenario.json", exported.content)
    assert client.post(f"{SCENARIOS}{other.pk}/import/", {"file": file}).status_code == 302
    other.refresh_from_db()
    assert other.definition == order()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not json", "holds no JSON"),
        (b"\xff\xfe", "holds no JSON"),
        (b"[" * 100_000, "holds no JSON"),
        (b"[]", "must be an object"),
        (json.dumps({**order(), "colour": 1}).encode(), "colour: “colour” is not known here"),
        (b'{"format": NaN, "triggers": [], "steps": []}', "must be one of"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(client, scenario, content, sentence):
    answer = client.post(f"{SCENARIOS}{scenario.pk}/import/", {"file": SimpleUploadedFile("a.json", content)})
    assert sentence in answer.content.decode()
    scenario.refresh_from_db()
    assert scenario.definition == order()


# Trying it out


def test_a_chat_goes_on_from_page_to_page_and_stores_nothing(client, scenario):
    address = f"{SCENARIOS}{scenario.pk}/try/"
    assert client.get(address).status_code == 200
    page = client.post(address, {"text": "заказ"}).content.decode()
    assert "Какой размер?" in page and 'name="text" value="M">' in page
    page = client.post(address, {"said": ["заказ", "M"], "text": "Аня"}).content.decode()
    assert "Спасибо, Аня! Размер M." in page
    assert "created the deal “Футболка M” for 1500" in page
    assert not Message.objects.exists()


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


# Versions and the log


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


# All kinds of steps

ALL_KINDS = document(
    {"key": "hello", "kind": "message", "text": "Hello"},
    {
        "key": "if",
        "kind": "condition",
        "match": "any",
        "rules": [
            {"field": "vars.size", "op": "equals", "value": "S"},
            {"field": "now.office_hours", "op": "is_set"},
        ],
        "then": "call",
    },
    {"key": "pause", "kind": "wait", "seconds": 7200},
    {"key": "tpl", "kind": "template", "template": "ready", "language": "ru", "parameters": {"1": "{{vars.name}}"}},
    {
        "key": "call",
        "kind": "http",
        "method": "POST",
        "url": "https://api.example.com/orders",
        "json": {"name": "{{vars.name}}", "items": [1, None]},
        "save_to": "reply",
        "failed": "human",
    },
    {"key": "ping", "kind": "http", "method": "PUT", "url": "https://api.example.com/", "json": {}, "failed": "human"},
    {"key": "human", "kind": "handoff"},
)


def test_every_kind_of_step_survives_the_form(client, bot):
    scenario = make_scenario(bot, ALL_KINDS)
    answer = client.post(change(scenario), shown_fields(client, change(scenario)))
    assert answer.status_code == 302
    scenario.refresh_from_db()
    assert scenario.definition == ALL_KINDS


@translation.override("en")
def test_the_flow_says_in_words_what_steps_do(client, bot):
    shown = flow.nodes(ALL_KINDS)
    assert [node.text for node in shown] == [
        "Hello",
        "vars.size is “S” or now.office_hours is known (or: yes)",
        "2 hours",
        "ready (ru)",
        "POST https://api.example.com/orders",
        "PUT https://api.example.com/",
        "",
    ]
    assert [(str(way.when), way.to) for way in shown[1].ways] == [("if it is so", "call"), ("otherwise", "pause")]
    assert [(str(way.when), way.to) for way in shown[4].ways] == [("if it does not work", "human"), ("then", "ping")]


def test_problems_of_rules_and_calls_stand_beside_their_fields(client, bot):
    definition = deepcopy(ALL_KINDS)
    definition["steps"][1]["rules"][0]["field"] = "customer.password"
    definition["steps"][4]["url"] = "https://127.0.0.1/"
    form = client.get(change(make_scenario(bot, definition))).context["adminform"].form
    assert [*form.steps[1].rules.forms[0].problems] == ["field"]
    assert [*form.steps[3].problems] == ["template", "parameters"]
    assert [*form.steps[4].problems] == ["url", "json"]


def test_json_that_cannot_be_read_is_shown_again(client, bot):
    scenario = make_scenario(bot, ALL_KINDS)
    fields = shown_fields(client, change(scenario)) | {"steps-4-json": "{oops"}
    page = client.post(change(scenario), fields).content.decode()
    assert "This is no JSON" in page and "{oops" in page


def test_a_condition_is_written_in_the_form(client, bot):
    fields = shown_fields(client, f"{SCENARIOS}add/")
    fields |= {
        "bot": bot.pk,
        "name": "Size",
        "triggers-0-kind": "any",
        "steps-0-key": "if",
        "steps-0-kind": "condition",
        "steps-0-match": "all",
        "steps-0-rules-0-field": "customer.tags",
        "steps-0-rules-0-op": "in_tags",
        "steps-0-rules-0-value": "vip",
        "steps-0-otherwise": "bye",
        "steps-1-key": "bye",
        "steps-1-kind": "end",
    }
    assert client.post(f"{SCENARIOS}add/", fields).status_code == 302
    assert BotScenario.objects.get().definition["steps"][0] == {
        "key": "if",
        "kind": "condition",
        "match": "all",
        "otherwise": "bye",
        "rules": [{"field": "customer.tags", "op": "in_tags", "value": "vip"}],
    }
