"""What a turn comes to, decided from facts alone: no test here has a database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Business
from bots.engine.effects import End, EndReason, SendMessage, SendTemplate, SetTimer, TimerKind
from bots.engine.engine import State
from bots.engine.events import Answered, Said, TimedOut
from bots.models import Bot, BotScenario, BotSession, ScenarioVersion
from bots.runtime.decisions import Decision, Inbound, Situation, decide
from bots.runtime.routing import Candidate
from bots.testing import document, order
from crm.models import Conversation, Customer, Message
from whatsapp.models import WhatsAppNumber

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NUMBER = WhatsAppNumber(pk=1, business=Business(pk=1))
BOT = Bot(pk=1, whatsapp_number=NUMBER, menu_words=["меню"], operator_words=["оператор"], operator_text="Зову")
WAIT = document({"key": "pause", "kind": "wait", "seconds": 60}, {"key": "bye", "kind": "end", "text": "Пора"})
CALL = document(
    {"key": "call", "kind": "http", "method": "GET", "url": "https://a.example.com/", "save_to": "reply"},
    {"key": "bye", "kind": "end", "text": "{{vars.reply}}"},
)


def version(serial, definition):
    scenario = BotScenario(pk=serial, bot=BOT, name=f"Scenario {serial}")
    return ScenarioVersion(
        pk=1000 + serial, scenario=scenario, number=1, definition=definition, published_at=timezone.now()
    )


def candidate(serial, definition):
    published = version(serial, definition)
    return Candidate(BOT, serial, published.scenario.name, published.document, published)


def session(definition, step, **fields):
    """One that waits at a step since an hour ago."""
    state = {"step": step, "vars": {}, "tries": 0, "turns": 1, "heard": "", "said": []}
    fields = {"started_at": NOW - timedelta(hours=1), "state": state, **fields}
    return BotSession(pk=1, bot=BOT, version=version(9, definition), **fields)


def situation(event, running=None, *, is_first=False, paused=False, **facts):
    customer = Customer(name="Аня", phone="+79161234567")
    conversation = Conversation(pk=1, customer=customer, whatsapp_number=NUMBER, bot_paused=paused)
    inbound = None
    if isinstance(event, Said):
        message = Message(pk=1, type="text", text=event.text, timestamp=NOW)
        inbound = Inbound(message, is_first, is_last=True)
    facts = {"candidates": (candidate(1, order()),), "may_speak": not paused, **facts}
    return Situation(
        conversation=conversation,
        event=event,
        moment=NOW,
        now=NOW,
        session=running,
        last_state=State(**running.state) if running else State(),
        inbound=inbound,
        **facts,
    )


def texts(decision):
    return [effect.text for effect in decision.effects if isinstance(effect, SendMessage)]


def test_a_keyword_begins_its_scenario():
    decision = decide(situation(Said(text="заказ")))
    assert decision.begins.scenario_id == 1 and decision.end_reason is None
    assert (texts(decision), decision.state.step) == (["Здравствуйте, Аня!", "Какой размер?"], "size")
    assert decision.event == {"kind": "message", "text": "заказ"}


def test_the_session_that_asks_takes_the_message():
    running = session(order(), "size")
    decision = decide(situation(Said(text="S"), running))
    assert (decision.session, decision.begins, decision.end_reason) == (running, None, None)
    assert (decision.from_step, decision.state.step, decision.state.turns) == ("size", "name", 2)


def test_a_scenario_that_begins_replaces_the_one_that_runs_and_remembers_its_texts():
    running = session(WAIT, "pause")
    running.state["said"] = [["digest", NOW.timestamp()]]
    decision = decide(situation(Said(text="заказ"), running))
    assert decision.end_reason == EndReason.REPLACED and decision.begins
    assert ["digest", NOW.timestamp()] in decision.state.said


def test_a_session_that_is_over_does_not_meet_the_message():
    running = session(order(), "size", expires_at=NOW)
    decision = decide(situation(Said(text="S"), running, candidates=()))
    assert decision == Decision(end_reason=EndReason.EXPIRED, is_left_to_people=True)


@pytest.mark.parametrize("switched_off", ["bot", "scenario", "number"])
def test_a_session_whose_bot_is_no_longer_there_is_over(switched_off):
    running = session(order(), "size")
    running.bot = Bot(pk=1, whatsapp_number_id=2 if switched_off == "number" else 1, is_active=switched_off != "bot")
    running.version.scenario.is_active = switched_off != "scenario"
    decision = decide(situation(Said(text="S"), running, candidates=()))
    assert decision == Decision(end_reason=EndReason.SWITCHED_OFF, is_left_to_people=True)


def test_an_opt_out_word_ends_what_runs():
    running = session(order(), "size")
    decision = decide(situation(Said(text="Стоп"), running, candidates=()))
    assert (decision.session, decision.end_reason) == (running, EndReason.OPTED_OUT)
    assert decision.effects == (End(EndReason.OPTED_OUT, "size"),)


def test_an_operator_word_calls_a_person():
    decision = decide(situation(Said(text="оператор"), session(order(), "size")))
    assert decision.calls_person and decision.end_reason == EndReason.HANDED_OFF
    assert texts(decision) == ["Зову"]


def test_what_is_said_while_a_scenario_waits_is_left_to_people():
    running = session(WAIT, "pause")
    decision = decide(situation(Said(text="ау"), running, candidates=()))
    assert decision == Decision(session=running, is_left_to_people=True, event={"kind": "while_waiting", "text": "ау"})


def test_where_a_person_answers_the_session_stays_and_nothing_is_logged():
    running = session(order(), "size")
    assert decide(situation(Said(text="S"), running, paused=True)) == Decision(session=running, is_left_to_people=True)


def test_a_wait_that_is_over_leads_on():
    decision = decide(situation(TimedOut(kind=TimerKind.WAIT), session(WAIT, "pause")))
    assert (texts(decision), decision.event) == (["Пора"], {"kind": "wait_over"})


def test_a_question_without_an_answer_expires_without_a_word():
    decision = decide(situation(TimedOut(kind=TimerKind.EXPIRY), session(order(), "size")))
    assert decision == Decision(end_reason=EndReason.EXPIRED)


def test_the_answer_of_a_service_is_used():
    decision = decide(situation(Answered(value=7, step="call", status=200), session(CALL, "call")))
    assert texts(decision) == ["7"]
    assert decision.event == {"kind": "answer", "step": "call", "status": 200, "why": ""}


@pytest.mark.parametrize(("paused", "reason"), [(True, EndReason.HANDED_OFF), (False, EndReason.SWITCHED_OFF)])
def test_where_no_bot_may_speak_a_session_that_waited_ends(paused, reason):
    event = TimedOut(kind=TimerKind.WAIT)
    decision = decide(situation(event, session(WAIT, "pause"), paused=paused, may_speak=False))
    assert decision == Decision(end_reason=reason)


events = st.one_of(
    st.builds(Said, text=st.sampled_from(["заказ", "S", "меню", "оператор", "стоп", "ау", ""])),
    st.builds(Said, text=st.just("S"), choice_id=st.sampled_from(["size:s", "gone:x"]), type=st.just("interactive")),
    st.builds(TimedOut, kind=st.sampled_from(TimerKind)),
    st.builds(Answered, value=st.integers(), step=st.just("call"), status=st.just(200)),
    st.builds(Answered, failed=st.just("нет"), step=st.just("call")),
)
sessions = st.one_of(
    st.none(),
    st.builds(
        session,
        st.just(order()),
        st.sampled_from(["size", "name"]),
        expires_at=st.sampled_from([None, NOW, NOW + timedelta(hours=1)]),
    ),
    st.builds(session, st.just(WAIT), st.just("pause")),
    st.builds(session, st.just(CALL), st.just("call")),
)


@settings(deadline=None)
@given(events, sessions, st.booleans(), st.booleans(), st.booleans())
def test_whatever_happens_a_decision_can_be_written(event, running, is_first, paused, may_send):
    facts = situation(event, running, is_first=is_first, paused=paused, may_speak=may_send and not paused)
    decision = decide(facts)
    if not facts.may_speak:
        assert not any(isinstance(effect, SendMessage | SendTemplate | SetTimer) for effect in decision.effects)
        assert decision.begins is None and decision.state is None
    if decision.end_reason:
        assert facts.session
    if decision.state:
        # A session that ends is not the one that moves, and one that moves says what it did.
        assert decision.effects and decision.event
        assert bool(decision.begins) != bool(decision.session)
        assert decision.begins or decision.end_reason is None
        assert (decision.state.step is None) == isinstance(decision.effects[-1], End)
    if decision.effects:
        assert decision.event
