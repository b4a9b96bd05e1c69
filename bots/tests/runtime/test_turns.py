import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.deletion import deletion
from accounts.office_hours import DAYS
from accounts.testing import make_business
from bots.editor import scenarios
from bots.engine.effects import EndReason
from bots.models import BotSession, BotTurn
from bots.runtime import loading, turns
from bots.testing import document, make_bot, make_published_scenario, make_scenario, order
from bots.tests.runtime.chat import keyword, write
from crm.customers import customers
from crm.models import Conversation, Deal, Message
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return make_number(make_business())


@pytest.fixture
def bot(number):
    return make_bot(number)


@pytest.fixture
def conversation(number):
    return make_conversation(number)


def say(text, **fields):
    return document({"key": "a", "kind": "message", "text": text}, **fields)


def test_a_whole_order_leaves_its_traces(bot, conversation):
    make_published_scenario(bot)
    assert write(conversation, "заказ") == ["Здравствуйте, друг!", "Какой размер?"]
    assert conversation.in_scenario
    assert write(conversation, "M") == ["Как вас зовут?"]
    assert write(conversation, "Аня") == ["Спасибо, Аня! Размер M.", "До свидания!"]
    assert not conversation.in_scenario

    customer = conversation.customer
    customer.refresh_from_db()
    assert (customer.name, customer.attributes) == ("Аня", {"размер": "M"})
    assert [tag.name for tag in customer.tags.all()] == ["заказ"]
    deal = Deal.objects.get(customer=customer)
    assert (deal.title, deal.amount, deal.stage.key, deal.conversation) == ("Футболка M", 1500, "new", conversation)

    session = BotSession.objects.get(conversation=conversation)
    assert (session.end_reason, session.end_step, session.turns) == (EndReason.FINISHED, "bye", 3)
    assert not session.timers.exists()
    assert BotTurn.objects.latest("id").path == ["save", "thanks", "bye"]


def test_a_deal_has_no_amount_where_it_cannot_be_read(bot, conversation):
    ask = {"key": "q", "kind": "ask", "answer": "text", "text": "How much?", "save_to": "sum"}
    deal = {"key": "d", "kind": "set", "deal": {"title": "Cake", "amount": "{{vars.sum}}"}}
    make_published_scenario(bot, document(ask, deal))
    write(conversation, "hello")

    write(conversation, "99999999999999999")

    conversation.refresh_from_db()
    assert Deal.objects.get(customer=conversation.customer).amount is None
    assert conversation.bot_paused


def test_a_contact_card_answers_a_question_for_a_phone(bot, conversation):
    ask = {"key": "q", "kind": "ask", "answer": "phone", "text": "Phone?", "save_to": "phone"}
    thanks = {"key": "a", "kind": "message", "text": "{{vars.phone}}"}
    make_published_scenario(bot, document(ask, thanks))
    write(conversation, "hello")
    cards = [{"name": {"formatted_name": "Anna"}, "phones": [{"phone": "+7 916 123-45-67", "wa_id": "79161234567"}]}]
    card = {"type": "contacts", "content": {"type": "contacts", "contacts": cards}}
    assert write(conversation, "", **card) == ["+79161234567"]


@pytest.mark.parametrize(
    ("type", "body"),
    [
        ("interactive", {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}),
        ("interactive", {"type": "xyz_reply", "xyz_reply": {"id": "1"}}),
        ("text", {"body": None}),
        ("image", {"id": "1"}),
    ],
)
def test_a_phrase_of_ours_is_no_answer_no_keyword_and_no_text(bot, conversation, type, body):
    ask = {"key": "q", "kind": "ask", "answer": "text", "text": "Name?", "save_to": "name"}
    make_published_scenario(bot, document(ask))
    make_published_scenario(bot, say("«{{message.text}}»", triggers=keyword("phrase", "contains")))
    write(conversation, "hello")
    # As a process of the version before stores it.
    assert write(conversation, "A phrase of ours", type=type, content={"type": type, type: body}) == ["Name?"]


def test_an_order_is_left_to_a_person_and_the_menu_goes_on_waiting(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    Conversation.objects.update(unread=1)
    content = {"type": "order", "order": {"product_items": []}}

    assert write(conversation, "", type="order", content=content) == []

    assert (conversation.unread, conversation.bot_paused, conversation.in_scenario) == (1, False, True)
    assert BotTurn.objects.latest("id").event == {"kind": "for_people", "type": "order"}
    assert write(conversation, "M") == ["Как вас зовут?"]


def test_the_answers_of_a_form_are_used_in_texts(bot, conversation):
    make_published_scenario(bot, say("{{message.form.name}}, {{message.form.topics}}, {{message.form.address.city}}"))
    answers = {"flow_token": "t", "name": "Анна Р", "topics": ["чай", "торт"], "address": {"city": "Казань"}}
    reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "response_json": json.dumps(answers)}}

    said = write(conversation, "", type="interactive", content={"type": "interactive", "interactive": reply})

    assert said == ["Анна Р, чай, торт, Казань"]


@pytest.mark.parametrize("body", ["x", [], {"button_reply": "x"}, {"button_reply": {"id": 7}}, {"nfm_reply": []}])
def test_a_tap_that_cannot_be_read_is_answered_all_the_same(bot, conversation, body):
    make_published_scenario(bot, say("Hello"))
    content = {"type": "interactive", "interactive": body}
    assert write(conversation, "", type="interactive", content=content) == ["Hello"]


def test_what_a_bot_says_is_queued_with_its_buttons(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    message = Message.objects.filter(direction="out").latest("id")
    assert (message.origin, message.status, message.type) == ("bot", "queued", "interactive")
    assert message.content["interactive"]["action"]["buttons"][0]["reply"] == {"id": "size:s", "title": "S"}


def test_a_tapped_button_answers(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    reply = {"type": "button_reply", "button_reply": {"id": "size:m", "title": "M"}}
    content = {"type": "interactive", "interactive": reply}
    assert write(conversation, "M", type="interactive", content=content) == ["Как вас зовут?"]


def test_a_picture_is_no_text(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    content = {"type": "image", "image": {"id": "1"}}
    assert write(conversation, "M", type="image", content=content) == ["Выберите из списка"]


def test_five_messages_are_answered_one_after_the_other(bot, conversation):
    make_published_scenario(bot, say("{{message.text}}"))
    for text in "12345":
        message = make_message(conversation, text)
    assert turns.take_turns(conversation.pk) == 5
    sent = Message.objects.filter(direction="out").order_by("id")
    assert [message.text for message in sent] == list("12345")
    message.refresh_from_db()
    assert message.automated_at


def test_a_turn_costs_few_statements(bot, conversation, django_assert_max_num_queries):
    make_published_scenario(bot, say("Да"))
    # The scenario is read once.
    write(conversation, "Есть кто?")
    make_message(conversation, "Есть кто?")
    # Lock, conversation, message, session, scenarios; session, answer, log, conversation, message; a savepoint.
    with django_assert_max_num_queries(13):
        assert turns.take_turns(conversation.pk) == 1


def test_a_message_is_answered_once(bot, conversation):
    make_published_scenario(bot, say("Да"))
    assert write(conversation, "Есть кто?") == ["Да"]
    assert turns.take_turns(conversation.pk) == 0
    assert BotTurn.objects.count() == 1


def test_a_person_who_owns_the_conversation_is_not_interrupted(bot, conversation):
    make_published_scenario(bot, say("Да"))
    conversation.bot_paused = True
    conversation.save()
    assert write(conversation, "Есть кто?") == []
    assert not loading.waiting_messages(conversation.pk).exists()


def test_an_inactive_number_is_silent_and_keeps_the_message(bot, conversation, number):
    make_published_scenario(bot, say("Да"))
    number.is_active = False
    number.save()
    assert write(conversation, "Есть кто?") == []
    assert not loading.waiting_messages(conversation.pk).exists()


def test_a_suspended_business_is_silent(bot, conversation, number):
    make_published_scenario(bot, say("Да"))
    number.business.is_suspended = True
    number.business.save()
    assert write(conversation, "Есть кто?") == []


@pytest.mark.parametrize("switched_off", ["bot", "scenario"])
def test_what_is_switched_off_is_silent(bot, conversation, switched_off):
    scenario = make_published_scenario(bot, say("Да"))
    off = {"bot": bot, "scenario": scenario}[switched_off]
    off.is_active = False
    off.save()
    assert write(conversation, "Есть кто?") == []


def test_a_draft_is_not_live(bot, conversation):
    make_scenario(bot, say("Да"))
    assert write(conversation, "Есть кто?") == []


def test_only_the_latest_version_begins_and_a_session_stays_on_its_own(bot, conversation):
    scenario = make_published_scenario(bot)
    write(conversation, "заказ")
    scenario.definition = say("Новое", triggers=keyword("заказ"))
    scenario.save()
    scenarios.publish(scenario, None)
    assert write(conversation, "S") == ["Как вас зовут?"]
    write(conversation, "Аня")
    assert write(conversation, "заказ") == ["Новое"]


def test_a_handoff_calls_a_person(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    assert write(conversation, "Другой") == ["Зову оператора"]
    assert conversation.bot_paused and conversation.unread == 1 and conversation.status == "open"
    assert write(conversation, "алло") == []


@pytest.mark.parametrize("text", ["оператор", "Operator"])
def test_an_operator_word_calls_a_person_from_anywhere(bot, conversation, text):
    make_published_scenario(bot)
    write(conversation, "заказ")
    bot.operator_text = "Сейчас позову"
    bot.save()
    assert write(conversation, text) == ["Сейчас позову"]
    assert conversation.bot_paused and not conversation.in_scenario


def test_a_scenario_may_answer_an_operator_word_itself(bot, conversation):
    make_published_scenario(bot)
    own = document({"key": "a", "kind": "handoff", "text": "Зову Машу"}, triggers=keyword("оператор"))
    make_published_scenario(bot, own)
    write(conversation, "заказ")
    assert write(conversation, "оператор") == ["Зову Машу"]


def test_a_menu_word_begins_anew(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    write(conversation, "S")
    assert write(conversation, "Меню") == ["Здравствуйте, друг!", "Какой размер?"]
    assert BotSession.objects.filter(end_reason=EndReason.REPLACED).count() == 1


def test_a_keyword_does_not_interrupt_a_running_scenario(bot, conversation):
    make_published_scenario(bot)
    make_published_scenario(bot, say("С 9 до 18", triggers=keyword("часы")))
    write(conversation, "заказ")
    assert write(conversation, "часы") == ["Выберите из списка"]


def test_a_keyword_beats_the_first_message_and_that_beats_any(bot, conversation):
    make_published_scenario(bot, say("любое"))
    make_published_scenario(bot, say("первое", triggers=[{"kind": "first_message"}]))
    make_published_scenario(bot, say("слово", triggers=keyword("слово")))
    assert write(conversation, "привет") == ["первое"]
    assert write(conversation, "привет") == ["любое"]
    assert write(conversation, "слово") == ["слово"]


def test_a_reaction_before_is_not_the_first_message(bot, conversation):
    make_published_scenario(bot, say("первое", triggers=[{"kind": "first_message"}]))
    make_message(conversation, "👍", type="reaction", automated_at=timezone.now())
    assert write(conversation, "привет") == ["первое"]


def test_the_bot_with_the_lower_priority_is_asked_first(number, conversation):
    make_published_scenario(make_bot(number, priority=20), say("вторая"))
    make_published_scenario(make_bot(number, priority=10), say("первая"))
    assert write(conversation, "привет") == ["первая"]


def test_another_number_s_bot_is_not_asked(conversation):
    make_published_scenario(make_bot(make_number(conversation.business)), say("Да"))
    assert write(conversation, "привет") == []


def test_an_old_menu_does_not_swallow_a_new_order(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    BotSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert write(conversation, "заказ") == ["Здравствуйте, друг!", "Какой размер?"]
    assert BotSession.objects.get(ended_at__isnull=False).end_reason == EndReason.EXPIRED


def test_a_session_that_was_deleted_with_its_bot_is_no_longer_waited_for(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    assert conversation.in_scenario
    bot.delete()
    assert write(conversation, "S") == []
    assert not conversation.in_scenario


def test_a_conversation_is_in_no_scenario_once_the_running_bot_is_deleted(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    ended = make_conversation(conversation.whatsapp_number, in_scenario=True)
    deletion.delete(bot)
    for it, waits in ((conversation, False), (ended, True)):
        it.refresh_from_db()
        assert it.in_scenario is waits


def test_a_template_s_button_that_names_a_scenario_begins_it(bot, conversation):
    make_published_scenario(bot, say("Скидка 10 %", triggers=[]), name="Скидки")
    make_published_scenario(bot, say("любое"))
    content = {"type": "button", "button": {"payload": "скидки", "text": "Хочу!"}}
    assert write(conversation, "Хочу!", type="button", content=content) == ["Скидка 10 %"]


def test_a_tap_on_the_menu_of_a_scenario_that_is_over_takes_it_up_there(bot, conversation):
    make_published_scenario(bot)
    reply = {"type": "button_reply", "button_reply": {"id": "size:m", "title": "M"}}
    content = {"type": "interactive", "interactive": reply}
    assert write(conversation, "M", type="interactive", content=content) == ["Как вас зовут?"]


def test_steps_give_and_take_tags_whatever_their_case(bot, conversation):
    customers.add_tags(conversation.customer, ["VIP", "Новый"])
    make_published_scenario(bot, document({"key": "a", "kind": "set", "add_tags": ["vip"], "remove_tags": ["НОВЫЙ"]}))
    write(conversation, "Привет")
    assert [tag.name for tag in conversation.customer.tags.all()] == ["VIP"]


def test_a_condition_knows_the_customer_s_tags_and_the_bot_s_hours(bot, conversation):
    rules = [
        {"field": "customer.tags", "op": "in_tags", "value": "VIP"},
        {"field": "now.office_hours", "op": "is_set"},
    ]
    check = {"key": "if", "kind": "condition", "rules": rules, "then": "yes", "otherwise": "no"}
    ways = [{"key": "yes", "kind": "end", "text": "Да"}, {"key": "no", "kind": "end", "text": "Нет"}]
    make_published_scenario(bot, document(check, *ways))
    assert write(conversation, "привет") == ["Нет"]
    customers.add_tags(conversation.customer, ["vip"])
    assert write(conversation, "привет") == ["Да"]
    now = timezone.localtime(timezone=ZoneInfo(conversation.business.time_zone))
    bot.office_hours = {DAYS[(now + timedelta(days=3)).weekday()]: ["09:00-18:00"]}
    bot.save()
    assert write(conversation, "привет") == ["Нет"]


def test_a_broken_scenario_calls_a_person_and_holds_up_nothing(bot, conversation):
    scenario = make_published_scenario(bot)
    version = scenario.versions.get()
    version.definition["steps"][1]["kind"] = "broken"
    version.save()
    assert write(conversation, "заказ") == []
    turn = BotTurn.objects.get()
    assert "KeyError" in turn.error
    assert conversation.bot_paused and not conversation.in_scenario
    assert not loading.waiting_messages(conversation.pk).exists()
    assert write(conversation, "алло") == []


def test_work_that_fails_half_way_is_undone(bot, conversation):
    definition = order()
    definition["steps"][3]["deal"]["stage"] = "gone"
    scenario = make_published_scenario(bot)
    scenario.versions.update(definition=definition)
    write(conversation, "заказ")
    write(conversation, "S")
    assert write(conversation, "Аня") == []
    conversation.customer.refresh_from_db()
    assert conversation.customer.name == ""
    session = BotSession.objects.get()
    assert session.end_reason == EndReason.ERROR


def test_a_turn_that_failed_and_that_somebody_else_took_meanwhile_costs_no_other_message(
    bot, conversation, monkeypatch
):
    make_published_scenario(bot, say("Да"))
    first, second = (make_message(conversation, text) for text in ("раз", "два"))
    decide, decided = turns.decide, []

    def fail_once(situation):
        decided.append(situation.inbound.message.pk)
        if len(decided) == 1:
            raise ValueError("once")
        return decide(situation)

    lock, locked = turns.lock, []

    def be_overtaken(conversation_id):
        locked.append(conversation_id)
        if len(locked) == 2:
            turns.take_turn(conversation_id)
        return lock(conversation_id)

    monkeypatch.setattr(turns, "decide", fail_once)
    monkeypatch.setattr(turns, "lock", be_overtaken)
    turns.take_turn(conversation.pk)

    conversation.refresh_from_db()
    assert decided == [first.pk, first.pk, second.pk]
    assert not conversation.bot_paused and not BotTurn.objects.exclude(error="").exists()


def test_what_a_scenario_writes_again_is_no_edit_of_the_customer(bot, conversation):
    facts = {"key": "b", "kind": "set", "customer": {"name": "{{message.text}}", "attributes": {"size": "M"}}}
    make_published_scenario(bot, document({"key": "a", "kind": "message", "text": "Да"}, facts))
    write(conversation, "Аня")
    conversation.customer.refresh_from_db()
    before = conversation.customer.revision
    write(conversation, "Аня")
    conversation.customer.refresh_from_db()
    assert (conversation.customer.name, conversation.customer.revision) == ("Аня", before)
    write(conversation, "Оля")
    conversation.customer.refresh_from_db()
    assert (conversation.customer.name, conversation.customer.revision) == ("Оля", before + 1)


def test_five_equal_texts_call_a_person(bot, conversation):
    make_published_scenario(bot, say("Мы закрыты"))
    for _message in range(5):
        assert write(conversation, "эй") == ["Мы закрыты"]
    assert conversation.bot_paused
    session = BotSession.objects.first()
    assert (session.end_reason, session.end_step) == (EndReason.REPEATED_TEXT, "a")


def test_the_log_says_why(bot, conversation):
    make_published_scenario(bot)
    write(conversation, "заказ")
    turn = BotTurn.objects.get()
    assert turn.event == {"kind": "message", "text": "заказ"}
    assert turn.path == ["hello", "size"]
    assert [effect["effect"] for effect in turn.effects] == ["SendMessage", "SendMessage", "SetTimer", "SetTimer"]


def test_a_conversation_that_is_gone_has_no_turns():
    assert turns.take_turns(999_999) == 0
