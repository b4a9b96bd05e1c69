"""Who takes a message: each step of the order is asked before all that follow it."""

import pytest

from bots.document.reading import read_version
from bots.models import Bot
from bots.runtime.routing import Arrival, Begin, CallPerson, Candidate, Continue, KeepWaiting, Running, Stop, route
from bots.testing import document, order

BOT = Bot(pk=1, menu_words=["меню"], operator_words=["оператор"])
MENU = {"key": "size", "kind": "menu", "text": "Размер?", "choices": [{"key": "s", "label": "S"}]}
HELLO = {"key": "hello", "kind": "message", "text": "Привет"}

ASKED = Running(scenario_id=9, asks=True)
WAITING = Running(scenario_id=9, asks=False)


def candidate(serial, name, *triggers, steps=(HELLO,)):
    return Candidate(BOT, serial, name, read_version(document(*steps, triggers=triggers)))


def keyword(value):
    return {"kind": "keyword", "match": "equals", "value": value}


ORDER = candidate(1, "Заказ", keyword("заказ"), steps=[MENU])
SECOND = candidate(2, "Второй", keyword("заказ"))
WELCOME = candidate(3, "Знакомство", {"kind": "first_message"})
ANYTHING = candidate(4, "Всё прочее", {"kind": "any"})
ALL = [ORDER, SECOND, WELCOME, ANYTHING]


#: What each step of the order takes, although everything below it would take it too.
CASES = {
    "opt-out words": (Arrival("стоп", "size:s", owned=True, running=ASKED, is_first=True), Stop()),
    "a person owns the conversation": (Arrival("оператор", "size:s", owned=True, running=ASKED), None),
    "a word that calls a person": (Arrival("Оператор", "size:s", running=ASKED, is_first=True), CallPerson(BOT)),
    "a word that begins anew": (Arrival("Меню", "size:s", running=ASKED), Begin(WELCOME)),
    "a menu that was tapped": (Arrival("заказ", "size:s", running=ASKED, is_first=True), Begin(ORDER, "size")),
    "the scenario that runs and asks": (Arrival("заказ", "второй", running=ASKED, is_first=True), Continue()),
    "a menu that was tapped while nothing runs": (Arrival("заказ", "size:s", is_first=True), Begin(ORDER, "size")),
    "a button that names a scenario": (Arrival("заказ", "второй", is_first=True), Begin(SECOND)),
    "a keyword, by priority": (Arrival("заказ", "gone:x", is_first=True), Begin(ORDER)),
    "the first message ever": (Arrival("привет", is_first=True), Begin(WELCOME)),
    "any message": (Arrival("привет"), Begin(ANYTHING)),
    "a button while a scenario waits": (Arrival("S", "size:s", running=WAITING), Begin(ORDER, "size")),
    "a keyword while a scenario waits": (Arrival("заказ", running=WAITING), Begin(ORDER)),
    "anything else while a scenario waits": (Arrival("спасибо", running=WAITING, is_first=True), KeepWaiting()),
    "a bot's word while a scenario waits": (Arrival("оператор", running=WAITING), CallPerson(BOT)),
}


@pytest.mark.parametrize(("arrival", "expected"), CASES.values(), ids=CASES)
def test_the_order_in_which_a_message_is_taken(arrival, expected):
    assert route(arrival, ALL) == expected


def running_order(step, asks=True):
    """A session of the sample order that waits at a step."""
    return Running(9, asks, read_version(order()), step)


#: A scenario other than the one that runs, with a button of the same id.
NAMESAKE = {"key": "size", "kind": "menu", "text": "Пицца?", "choices": [{"key": "s", "label": "Малая"}]}
PIZZA = candidate(7, "Пицца", steps=[NAMESAKE])


@pytest.mark.parametrize(
    ("text", "step", "asks", "expected"),
    [
        ("S", "size", True, Continue()),
        ("S", "name", True, Continue("size")),
        ("S", "pause", False, Continue("size")),
        ("Малая", "name", True, Begin(PIZZA, "size")),
        ("Малая", "size", True, Begin(PIZZA, "size")),
        ("was renamed", "size", True, Continue()),
        ("was renamed", "name", True, Continue("size")),
    ],
)
def test_a_tapped_menu_is_that_which_says_what_stands_on_the_button(text, step, asks, expected):
    arrival = Arrival(text, "size:s", running=running_order(step, asks))

    assert route(arrival, [ORDER, PIZZA] if text == "S" else [PIZZA]) == expected


def test_a_tapped_menu_that_nobody_has_is_left_to_the_question():
    assert route(Arrival("S", "gone:s", running=running_order("name")), ALL) == Continue()


def test_a_tapped_menu_is_silent_where_a_person_owns_the_conversation():
    assert route(Arrival("S", "size:s", owned=True, running=running_order("name")), ALL) is None


@pytest.mark.parametrize(("text", "expected"), [("Хватит!", Stop()), ("хватит ли хлеба", Begin(ANYTHING))])
def test_words_of_the_business_opt_out(text, expected):
    assert route(Arrival(text, opt_out_words=["хватит"]), ALL) == expected


def test_when_nothing_fits_nobody_takes_it():
    assert route(Arrival("привет"), [ORDER]) is None


def test_a_number_without_bots_is_silent():
    assert route(Arrival("меню", "size:s", is_first=True), []) is None


def test_a_menu_word_goes_to_the_running_scenario_where_nothing_else_begins():
    assert route(Arrival("меню", running=ASKED), [ORDER]) == Continue()
