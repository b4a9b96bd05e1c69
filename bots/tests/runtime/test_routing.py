"""Who takes a message: each step of the order is asked before all that follow it."""

import pytest

from bots.document.reading import read_version
from bots.models import Bot
from bots.runtime.routing import Arrival, Begin, CallPerson, Candidate, Continue, KeepWaiting, Running, Stop, route
from bots.testing import document

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
    "the scenario that runs and asks": (Arrival("заказ", "size:s", running=ASKED, is_first=True), Continue()),
    "a tapped button": (Arrival("заказ", "size:s", is_first=True), Begin(ORDER, "size")),
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


def test_when_nothing_fits_nobody_takes_it():
    assert route(Arrival("привет"), [ORDER]) is None


def test_a_number_without_bots_is_silent():
    assert route(Arrival("меню", "size:s", is_first=True), []) is None


def test_a_menu_word_goes_to_the_running_scenario_where_nothing_else_begins():
    assert route(Arrival("меню", running=ASKED), [ORDER]) == Continue()
