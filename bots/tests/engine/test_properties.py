"""
Whatever document comes in: the check answers with a report and raises nothing, and a document without errors plays to
its end, or to a wait, within the guards, whatever happens to it.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bots.document.scenario import Scenario
from bots.document.step_checks import FIXED_FIELDS, Known
from bots.document.steps import STEP_KINDS
from bots.document.validator import validate
from bots.editor import labels, outline
from bots.editor.labels import effect_text
from bots.engine.effects import End, EndReason, Visited
from bots.engine.engine import MAX_STEPS, State, advance
from bots.engine.events import Answered, Person, Said, TimedOut
from bots.engine.steps import HANDLERS

#: The engine is where an odd document does most harm, and is fast: it is tried twice as often as the rest.
ENGINE_EXAMPLES = 2 * settings().max_examples

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KNOWN = Known(stages=["new"], templates={}, hosts={"a.example.com": False})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["a", "b", "c", "d", "e"])
words = st.sampled_from(
    [
        "Привет",
        "{{customer.name}}",
        "{{vars.a}}",
        "{{vars.b.x.0}}",
        "{{message.text}}",
        '{{vars.c|default:"-"}}',
        "1500",
    ]
)
choices = st.lists(
    st.fixed_dictionaries({"key": keys, "label": keys}, optional={"next": keys}), min_size=1, max_size=3
)
rules = st.lists(
    st.fixed_dictionaries(
        {
            "field": st.sampled_from(["vars.a", "vars.b.x", "customer.attributes.city", *FIXED_FIELDS]),
            "op": st.sampled_from(["equals", "not_equals", "contains", "greater", "less", "is_set"]),
            "value": words | st.integers() | st.booleans(),
        }
    ),
    min_size=1,
    max_size=3,
)
question = {
    "save_to": keys,
    "next": keys,
    "invalid": st.fixed_dictionaries({"next": keys}, optional={"text": words, "tries": st.integers(1, 3)}),
    "timeout": st.fixed_dictionaries({"seconds": st.integers(1, 1000)}, optional={"next": keys}),
}
answers = st.sampled_from(["text", "number", "email", "phone", "date", "image", "document", "location"])
deal = st.fixed_dictionaries({"title": words}, optional={"amount": words, "stage": st.just("new")})
customer = st.fixed_dictionaries({}, optional={"name": words, "attributes": st.dictionaries(keys, words, max_size=2)})

#: What a step of each kind needs, and what it may have.
PARTS = {
    "message": ({"text": words}, {"next": keys}),
    "menu": ({"text": words, "choices": choices}, question),
    "ask": ({"text": words, "answer": answers}, question),
    "condition": ({"rules": rules}, {"match": st.sampled_from(["all", "any"]), "then": keys, "otherwise": keys}),
    "set": ({}, {"customer": customer, "add_tags": st.lists(words, max_size=2), "deal": deal, "next": keys}),
    "wait": ({"seconds": st.integers(1, 10**6)}, {"next": keys}),
    "template": (
        {"template": keys, "language": st.just("ru")},
        {"parameters": st.dictionaries(keys, words, max_size=2)},
    ),
    "http": (
        {"method": st.just("POST"), "url": st.just("https://a.example.com/{{vars.a}}")},
        {"json": json_values, "save_to": keys, "failed": keys, "next": keys},
    ),
    "goto": ({"step": keys}, {}),
    "handoff": ({}, {"text": words}),
    "end": ({}, {"text": words}),
}


def steps_of(kind):
    needed, possible = PARTS[kind]
    return st.fixed_dictionaries({"key": keys, "kind": st.just(kind), **needed}, optional=possible)


documents = st.fixed_dictionaries(
    {
        "format": st.just(1),
        "triggers": st.just([{"kind": "any"}]),
        "steps": st.lists(
            st.one_of([steps_of(kind) for kind in PARTS]), min_size=1, max_size=5, unique_by=lambda step: step["key"]
        ),
    }
)
persons = st.builds(Person, name=st.text(max_size=10), tags=st.sampled_from([(), ("vip",)]))
events = st.one_of(
    st.builds(Said, persons, text=st.text(max_size=20) | st.sampled_from(["a", "b", "1", "25.12", "a@b.ru"])),
    st.builds(
        Said, persons, choice_id=st.sampled_from(["a:a", "b:c"]), type=st.sampled_from(["button", "interactive"])
    ),
    st.builds(TimedOut, persons),
    st.builds(Answered, persons, value=json_values),
    st.builds(Answered, persons, failed=st.just("нет")),
)


def test_every_kind_of_step_is_tried():
    assert set(PARTS) == set(STEP_KINDS)
    assert set(STEP_KINDS.values()) == set(HANDLERS)
    assert [*STEP_KINDS] == [*labels.STEP_KINDS]


@settings(max_examples=ENGINE_EXAMPLES)
@given(documents, st.lists(events, min_size=1, max_size=8))
def test_a_document_without_errors_ends_or_waits_whatever_happens(definition, happening):
    if validate(definition, KNOWN).errors:
        return
    scenario, state, now = Scenario.model_validate(definition), State(), NOW
    first = Said(Person(), "привет")
    for event in (first, *happening):
        before = state
        state, effects = advance(scenario, state, event, now)
        now += timedelta(seconds=30)
        if not effects:
            assert state == before and event is not first
            continue
        assert sum(isinstance(effect, Visited) for effect in effects) <= MAX_STEPS
        for effect in effects:
            assert isinstance(effect, Visited) or effect_text(effect.as_json())
        if isinstance(effects[-1], End):
            assert state.step is None and effects[-1].reason != EndReason.ERROR
            break
        waiting = scenario.step(state.step)
        assert waiting.takes_time or waiting.kind == "http"


@settings(max_examples=ENGINE_EXAMPLES)
@given(json_values | documents, st.randoms(use_true_random=False))
def test_whatever_comes_in_is_answered_with_a_report(definition, random):
    report = validate(damaged(definition, random), KNOWN)
    assert all(isinstance(str(problem), str) for problem in (*report.errors, *report.warnings))


@given(documents, st.randoms(use_true_random=False))
def test_whatever_draft_can_be_kept_can_be_shown(definition, random):
    definition = damaged(definition, random)
    if not validate(definition, KNOWN).misshapen:
        assert outline.nodes(definition) is not None and outline.starts(definition) is not None


def damaged(value, random):
    """The value with a part missing, or replaced by one of another kind."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(sorted(value, key=str))
        if random.random() < 0.3:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: damaged(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.9:
        position = random.randrange(len(value))
        return [*value[:position], damaged(value[position], random), *value[position + 1 :]]
    return random.choice([None, "", [], {}, 0, -1, True, "x" * 5000, "{{", float("nan"), [[]], {"key": None}])
