import copy
from datetime import UTC, datetime, timedelta

import pytest

from bots.document.reading import read_version
from bots.engine.effects import (
    AddTags,
    Call,
    CreateDeal,
    End,
    EndReason,
    HandOff,
    RemoveTags,
    SendMessage,
    SendTemplate,
    SetCustomer,
    SetTimer,
    TimerKind,
)
from bots.engine.engine import State, advance
from bots.engine.events import Answered, Person, Said, TimedOut
from bots.testing import document, order

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANNA = Person(name="Анна", phone="+79161234567")


def play(definition, *events, person=ANNA, state=None, now=NOW):
    """The state after some events, and the effects of the last one. A text is an event, too."""
    state, effects = state or State(), ()
    for event in events:
        event = Said(person, event) if isinstance(event, str) else event
        state, effects = advance(read_version(definition), state, event, now)
    return state, effects


def texts(effects):
    return [effect.text for effect in effects if isinstance(effect, SendMessage)]


def only(kind, effects):
    (effect,) = [effect for effect in effects if isinstance(effect, kind)]
    return effect


def test_the_first_message_runs_to_the_first_question():
    state, effects = play(order(), "хочу заказ")
    assert texts(effects) == ["Здравствуйте, Анна!", "Какой размер?"]
    assert state.step == "size"


def test_a_whole_order():
    state, effects = play(order(), "заказ", "M", "Аня")
    assert texts(effects) == ["Спасибо, Аня! Размер M.", "До свидания!"]
    assert only(SetCustomer, effects) == SetCustomer("Аня", {"размер": "M"})
    assert only(AddTags, effects).names == ("заказ",)
    assert only(CreateDeal, effects) == CreateDeal("Футболка M", "new", "1500")
    assert effects[-1] == End(EndReason.FINISHED, "bye")
    assert state.step is None


def test_advancing_changes_neither_the_document_nor_the_state():
    definition = order()
    before = copy.deepcopy(definition)
    state, _effects = play(definition, "заказ")
    held = copy.deepcopy(state)
    play(definition, "M", state=state)
    assert (definition, state) == (before, held)


@pytest.mark.parametrize("answer", ["M", "m", "2", " м ", "М"])
def test_a_choice_is_answered_by_label_key_or_position(answer):
    definition = order()
    definition["steps"][1]["choices"][1]["label"] = "М" if answer.strip() in ("м", "М") else "M"
    state, _effects = play(definition, "заказ", answer)
    assert state.step == "name"


def test_a_tap_answers_and_the_label_is_kept():
    state, _effects = play(order(), "заказ", Said(ANNA, "S", choice_id="size:s"))
    assert state.vars == {"size": "S"}


@pytest.mark.parametrize(("heard", "question"), [(["заказ"], "Какой размер?"), (["заказ", "S"], "Как вас зовут?")])
def test_a_tap_on_a_menu_that_is_gone_is_no_answer_and_no_wrong_one(heard, question):
    state, effects = play(order(), *heard, Said(ANNA, "S", choice_id="color:s", type="interactive"))
    assert state.step == ("size" if len(heard) == 1 else "name") and state.tries == 0
    assert texts(effects) == [question]


def test_a_session_goes_back_to_a_menu_with_what_it_knows():
    state, _effects = play(order(), "заказ", "M")
    state, _effects = play(order(), Said(ANNA, "S", choice_id="size:s"), state=state.back_to("size"))
    assert (state.step, state.vars) == ("name", {"size": "S"})


def test_three_choices_are_buttons_and_four_a_list():
    definition = order()
    choices = definition["steps"][1]["choices"]
    message = play(definition, "заказ")[1][3]
    assert message.choices == ("S", "M", "Другой")
    assert message.content["interactive"]["action"]["buttons"][0] == {
        "type": "reply",
        "reply": {"id": "size:s", "title": "S"},
    }
    choices.append({"key": "xl", "label": "XL"})
    message = play(definition, "заказ")[1][3]
    assert message.content["interactive"]["type"] == "list"
    assert message.content["interactive"]["action"]["sections"][0]["rows"][3] == {"id": "size:xl", "title": "XL"}


def test_a_wrong_answer_is_asked_for_again_and_then_goes_where_the_author_says():
    definition = order()
    state, effects = play(definition, "заказ", "что?")
    assert texts(effects) == ["Выберите из списка"]
    assert effects[0].choices == ("S", "M", "Другой")
    state, effects = play(definition, "не знаю", state=state)
    assert texts(effects) == ["Зову оператора"]
    assert only(HandOff, effects)
    assert effects[-1] == End(EndReason.HANDED_OFF, "human")


def test_without_invalid_the_question_is_repeated():
    definition = document({"key": "n", "kind": "ask", "answer": "number", "text": "Сколько?", "save_to": "n"})
    state, effects = play(definition, "привет", "много")
    assert texts(effects) == ["Сколько?"]
    state, effects = play(definition, "3", state=state)
    assert state.vars == {"n": "3"}
    assert effects[-1].reason == EndReason.FINISHED


def test_tries_are_counted_for_each_question_anew():
    definition = order()
    definition["steps"][2] |= {"answer": "number", "invalid": {"text": "Числом", "tries": 2, "next": "human"}}
    state, effects = play(definition, "заказ", "что?", "M", "нет")
    assert texts(effects) == ["Числом"]


def test_a_timeout_leads_where_the_author_says():
    state, effects = play(order(), "заказ", TimedOut(ANNA))
    assert texts(effects) == ["До свидания!"]


def test_a_timeout_without_a_step_ends():
    definition = document({"key": "a", "kind": "ask", "answer": "text", "text": "?", "timeout": {"seconds": 60}})
    assert play(definition, "привет", TimedOut(ANNA))[1][-1] == End(EndReason.EXPIRED, "a")


def test_waiting_sets_timers():
    effects = play(order(), "заказ")[1]
    assert [effect for effect in effects if isinstance(effect, SetTimer)] == [
        SetTimer("timeout", 3600),
        SetTimer("expiry", 86400),
    ]
    effects = play({**order(), "expires": 600}, "заказ", "M")[1]
    assert only(SetTimer, effects) == SetTimer("expiry", 600)


def test_what_is_written_down_is_known_at_once():
    definition = document(
        {"key": "a", "kind": "set", "customer": {"name": "{{message.text}}", "attributes": {"город": "Омск"}}},
        {"key": "b", "kind": "message", "text": "{{customer.name}}, {{customer.attributes.город}}"},
    )
    assert texts(play(definition, "Пётр")[1]) == ["Пётр, Омск"]


def test_an_answer_is_never_expanded_again():
    definition = document(
        {"key": "a", "kind": "ask", "answer": "text", "text": "?", "save_to": "a"},
        {"key": "b", "kind": "message", "text": "{{vars.a}}"},
    )
    assert texts(play(definition, "привет", "{{customer.phone}}")[1]) == ["{{customer.phone}}"]


def test_an_empty_text_is_not_sent():
    definition = document({"key": "a", "kind": "message", "text": "{{vars.nothing}}"})
    assert texts(play(definition, "привет")[1]) == []


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1500", "1500"),
        ("{{message.text}}", "12.50"),
        ("1 500,505 руб", "1500.51"),
        ("1500.500", "1500.50"),
        (" ", "0"),
    ],
)
def test_the_amount_of_a_deal_is_a_number(amount, expected):
    definition = document({"key": "a", "kind": "set", "deal": {"title": "Заказ", "amount": amount}})
    assert only(CreateDeal, play(definition, "12,50")[1]).amount == expected


@pytest.mark.parametrize("amount", ["много", "-5", "99999999999999999", "5 или 7", "$ 1,500", "1.500 руб"])
def test_a_person_takes_over_where_the_amount_of_a_deal_cannot_be_read(amount):
    definition = document({"key": "a", "kind": "set", "deal": {"title": "Заказ", "amount": "{{message.text}}"}})
    _state, effects = play(definition, amount)
    assert only(CreateDeal, effects).amount is None
    assert only(HandOff, effects)
    assert only(End, effects).reason == EndReason.UNREADABLE_AMOUNT


MENU = document(
    {
        "key": "q",
        "kind": "menu",
        "text": "?",
        "save_to": "said",
        "choices": [
            {"key": "yes", "label": "✅ Да"},
            {"key": "no", "label": "❌ Нет"},
            {"key": "tea", "label": "Чёрный чай"},
        ],
    },
    {"key": "b", "kind": "message", "text": "{{vars.said}}"},
)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        *[(text, "✅ Да") for text in ("Да", "да!", "Дa", "1.", "1)", "1️⃣", "№1", "yes")],
        *[(text, "❌ Нет") for text in ("нет", "Нет.", "2")],
        ("Чёрный чай!", "Чёрный чай"),
    ],
)
def test_a_choice_is_written_as_people_write_it(text, chosen):
    assert texts(play(MENU, "привет", text)[1]) == [chosen]


@pytest.mark.parametrize("text", ["ща", "да нет", "дай", "4", "0", "чай", "?"])
def test_what_is_no_choice_is_asked_again(text):
    assert texts(play(MENU, "привет", text)[1]) == ["?"]


def test_labels_that_differ_by_their_emoji_alone_are_told_apart():
    choices = [{"key": "a", "label": "👍 Чай"}, {"key": "b", "label": "👎 Чай"}]
    definition = document({"key": "q", "kind": "menu", "text": "?", "choices": choices})
    assert texts(play(definition, "привет", "чай")[1]) == ["?"]


def test_tags_are_one_whatever_their_case():
    anna = Person(tags=("VIP", "new"))
    assert anna.with_tags(added=["vip", "Tea", "tea"]).tags == ("VIP", "new", "Tea")
    assert anna.with_tags(removed=["vip", "NEW "]).tags == ()
    assert anna.with_tags(removed=["vip!"]).tags == ("VIP", "new")


def test_tags_are_removed():
    definition = document({"key": "a", "kind": "set", "remove_tags": ["lead"]})
    assert only(RemoveTags, play(definition, "привет")[1]).names == ("lead",)


def test_fifty_steps_in_one_turn_are_the_most():
    steps = [{"key": f"s{n}", "kind": "set", "add_tags": ["x"]} for n in range(51)]
    assert play(document(*steps[:50]), "привет")[1][-1].reason == EndReason.FINISHED
    effects = play(document(*steps), "привет")[1]
    assert effects[-2:] == (HandOff(), End(EndReason.TOO_MANY_STEPS, "s49"))


def test_three_hundred_turns_are_the_most():
    definition = document({"key": "a", "kind": "ask", "answer": "number", "text": "?"})
    state = State(step="a", turns=299)
    state, effects = play(definition, "1", state=state)
    assert effects[-1].reason == EndReason.FINISHED
    effects = play(definition, "1", state=State(step="a", turns=300))[1]
    assert effects == (HandOff(), End(EndReason.TOO_MANY_TURNS, "a"))


def test_the_fifth_equal_text_within_five_minutes_is_the_last():
    definition = document({"key": "a", "kind": "ask", "answer": "number", "text": "Сколько?"})
    state, effects = play(definition, "а", "б", "в", "г")
    assert not any(isinstance(effect, End) for effect in effects)
    _state, effects = play(definition, "д", state=state)
    assert texts(effects) == ["Сколько?"]
    assert effects[-2:] == (HandOff(), End(EndReason.REPEATED_TEXT, "a"))
    _state, effects = play(definition, "д", state=state, now=NOW + timedelta(minutes=6))
    assert not any(isinstance(effect, End) for effect in effects)


def test_equal_texts_count_across_sessions():
    definition = document({"key": "a", "kind": "message", "text": "Мы закрыты"})
    state = State()
    for _turn in range(5):
        state, effects = play(definition, "эй", state=state.begin_another())
    assert effects[-1].reason == EndReason.REPEATED_TEXT


def condition(*rules, **more):
    return {"key": "if", "kind": "condition", "rules": list(rules), "then": "yes", "otherwise": "no", **more}


def rule(field, op, value=None):
    return {"field": field, "op": op, **({} if value is None else {"value": value})}


WAYS = [{"key": "yes", "kind": "end", "text": "Да"}, {"key": "no", "kind": "end", "text": "Нет"}]


@pytest.mark.parametrize(
    ("rules", "match", "expected"),
    [
        ([rule("customer.name", "equals", "анна")], "all", "Да"),
        ([rule("customer.name", "equals", "анна"), rule("message.text", "contains", "x")], "all", "Нет"),
        ([rule("customer.name", "equals", "анна"), rule("message.text", "contains", "x")], "any", "Да"),
        ([rule("customer.phone", "contains", "916")], "all", "Да"),
        ([rule("customer.tags", "in_tags", "VIP")], "all", "Да"),
        ([rule("customer.attributes.город", "is_set")], "all", "Нет"),
        ([rule("vars.nothing", "is_set")], "all", "Нет"),
        ([rule("now.office_hours", "equals", True)], "all", "Нет"),
        ([rule("now.office_hours", "is_set")], "all", "Нет"),
        ([rule("message.text", "equals", "{{customer.phone}}")], "all", "Нет"),
    ],
)
def test_a_condition_goes_one_way_or_the_other(rules, match, expected):
    anna = Person(name="Анна", phone="+79161234567", tags=("vip",))
    event = Said(anna, "привет", office_hours=False)
    assert texts(play(document(condition(*rules, match=match), *WAYS), event)[1]) == [expected]


def test_a_condition_without_a_way_goes_on_to_the_following_step():
    step = condition(rule("vars.x", "is_set"))
    del step["otherwise"]
    between = {"key": "between", "kind": "end", "text": "дальше"}
    assert texts(play(document(step, between, *WAYS), "привет")[1]) == ["дальше"]


def test_a_tag_that_was_just_added_is_known_to_a_condition():
    tagging = {"key": "a", "kind": "set", "add_tags": ["vip"]}
    steps = document(tagging, condition(rule("customer.tags", "in_tags", "vip")), *WAYS)
    assert texts(play(steps, "привет")[1]) == ["Да"]


WAIT = {"key": "pause", "kind": "wait", "seconds": 3600}


def test_a_wait_sets_one_timer_and_goes_on_when_it_is_over():
    definition = document(WAIT, {"key": "a", "kind": "end", "text": "{{message.text}}"})
    state, effects = play(definition, "привет")
    assert effects[1:] == (SetTimer("wait", 3600),)
    assert texts(play(definition, TimedOut(ANNA), state=state)[1]) == ["привет"]


@pytest.mark.parametrize("event", [Said(ANNA, "ау"), Answered(ANNA, 1)])
def test_a_wait_is_not_ended_by_anything_else(event):
    definition = document(WAIT)
    state, _effects = play(definition, "привет")
    assert advance(read_version(definition), state, event, NOW) == (state, ())


CALL = {
    "key": "call",
    "kind": "http",
    "method": "POST",
    "url": "https://example.com/{{message.text}}?x={{vars.nothing}}",
    "json": {"a": ["{{message.text}}", 1, None], "{{b}}": True},
    "save_to": "reply",
    "failed": "no",
}


def test_a_call_is_an_effect_and_its_answer_an_event():
    definition = document(CALL, {"key": "yes", "kind": "end", "text": "{{vars.reply.items.0.title}}"}, WAYS[1])
    state, effects = play(definition, 'a/"б')
    assert only(Call, effects) == Call(
        "call", "POST", "https://example.com/a%2F%22%D0%B1?x=", {"a": ['a/"б', 1, None], "{{b}}": True}, True, True
    )
    effects = play(definition, Answered(ANNA, {"items": [{"title": "Чай"}]}), state=state)[1]
    assert texts(effects) == ["Чай"]
    assert texts(play(definition, Answered(ANNA, failed="нет"), state=state)[1]) == ["Нет"]


def test_a_call_that_fails_without_a_way_calls_a_person():
    definition = document({key: value for key, value in CALL.items() if key != "failed"})
    state, _effects = play(definition, "привет")
    effects = play(definition, Answered(ANNA, failed="нет"), state=state)[1]
    assert effects == (HandOff(), End(EndReason.CALL_FAILED, "call"))


@pytest.mark.parametrize("event", [Said(ANNA, "ау"), TimedOut(ANNA)])
def test_a_call_is_not_ended_by_anything_else(event):
    definition = document(CALL, *WAYS)
    state, _effects = play(definition, "привет")
    assert advance(read_version(definition), state, event, NOW) == (state, ())


def test_a_template_is_filled_in():
    step = {
        "key": "t",
        "kind": "template",
        "template": "ready",
        "language": "ru",
        "parameters": {"1": "{{customer.name}}"},
    }
    assert only(SendTemplate, play(document(step), "привет")[1]) == SendTemplate("ready", "ru", {"1": "Анна"})


def test_the_same_template_over_and_over_calls_a_person():
    step = {"key": "t", "kind": "template", "template": "ready", "language": "ru"}
    state = State()
    for _turn in range(5):
        state, effects = play(document(step), "эй", state=state.begin_another())
    assert effects[-1].reason == EndReason.REPEATED_TEXT


def test_a_template_s_button_answers_a_menu_by_what_stands_on_it():
    state, _effects = play(order(), "заказ", Said(ANNA, "M", choice_id="M", type="button"))
    assert state.vars == {"size": "M"}


def test_a_tapped_menu_of_a_scenario_that_is_over_is_answered():
    state, effects = play(order(), Said(ANNA, "M", choice_id="size:m"), state=State().begin_another(step="size"))
    assert texts(effects) == ["Как вас зовут?"]
    assert state.vars == {"size": "M"}


ORDER = Said(ANNA, type="order", content={"product_items": []})
CARD = Said(ANNA, type="contacts", content={"contacts": [{"name": {"formatted_name": "Rui"}}]})
FORM = Said(ANNA, type="interactive", content={"type": "nfm_reply", "nfm_reply": {}}, form={"date": "2026-12-25"})


@pytest.mark.parametrize("said", [ORDER, CARD, FORM], ids=["order", "card", "form"])
@pytest.mark.parametrize("before", [["заказ"], ["заказ", "M"]], ids=["menu", "question"])
def test_what_is_for_people_is_no_wrong_answer(before, said):
    asked, _effects = play(order(), *before)

    state, effects = play(order(), said, state=asked)

    assert (state, effects) == (asked, ())


@pytest.mark.parametrize(
    "said",
    [
        Said(ANNA, type="image", content={"id": "1"}),
        Said(ANNA, type="interactive", content={"type": "button_reply", "button_reply": {}}, choice_id="old:1"),
        Said(ANNA, "что?"),
    ],
    ids=["picture", "tap", "words"],
)
def test_what_is_for_nobody_in_particular_is_asked_about_again(said):
    asked, _effects = play(order(), "заказ")

    assert play(order(), said, state=asked)[1]


@pytest.mark.parametrize("phones", [[], ["1234567"], ["+79161234567", "+79161234568"]], ids=["none", "local", "two"])
def test_a_card_without_one_phone_is_asked_again_where_a_phone_is_asked_for(phones):
    definition = document({"key": "phone", "kind": "ask", "answer": "phone", "text": "Телефон?", "save_to": "phone"})
    card = {"name": {"formatted_name": "Rui"}, "phones": [{"phone": phone} for phone in phones]}
    asked, _effects = play(definition, "привет")

    state, effects = play(definition, Said(ANNA, type="contacts", content={"contacts": [card]}), state=asked)

    assert (texts(effects), state.step) == (["Телефон?"], "phone")


def test_the_answers_of_a_form_are_filled_in():
    definition = document(
        {"key": "a", "kind": "message", "text": '{{message.form.date}} {{message.form.x|default:"?"}}'}
    )

    assert texts(play(definition, FORM)[1]) == ["2026-12-25 ?"]


def test_the_answers_of_a_form_decide():
    rule = {"field": "message.form.date", "op": "greater", "value": "2026-12-01"}
    definition = document(
        {"key": "c", "kind": "condition", "rules": [rule], "then": "late", "otherwise": "early"},
        {"key": "early", "kind": "end", "text": "early"},
        {"key": "late", "kind": "end", "text": "late"},
    )

    assert texts(play(definition, FORM)[1]) == ["late"]


def test_the_answers_of_a_form_are_known_after_a_wait_and_forgotten_with_the_next_message():
    definition = document(
        {"key": "w", "kind": "wait", "seconds": 5},
        {"key": "q", "kind": "ask", "answer": "text", "text": "{{message.form.date}}?", "save_to": "x"},
        {"key": "a", "kind": "message", "text": "«{{message.form.date}}»"},
    )
    state, effects = play(definition, FORM, TimedOut(ANNA, TimerKind.WAIT))
    assert texts(effects) == ["2026-12-25?"]
    assert State(**state.as_json()).form == {"date": "2026-12-25"}

    state, effects = play(definition, "ok", state=state)

    assert texts(effects) == ["«»"]
    assert "form" not in state.as_json()
