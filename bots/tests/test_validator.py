import pytest

from bots.testing import document, order
from bots.validator import validate

HELLO = {"key": "hello", "kind": "message", "text": "Привет"}
NAME = {"key": "name", "kind": "ask", "answer": "text", "text": "Имя?", "save_to": "name"}
SIZE = {"key": "size", "kind": "menu", "text": "Размер?", "choices": [{"key": "s", "label": "S"}]}


def found(problems):
    return [(problem.path, problem.code) for problem in problems]


def keyword(match, value):
    return {"kind": "keyword", "match": match, "value": value}


def test_the_sample_has_no_problems():
    report = validate(order(), stages=["new"])
    assert (report.errors, report.warnings) == ([], [])


@pytest.mark.parametrize(
    ("definition", "path", "code"),
    [
        ([], "", "wrong_type"),
        (None, "", "wrong_type"),
        ({}, "format", "required"),
        ({**document(HELLO), "format": 2}, "format", "wrong_type"),
        ({**document(HELLO), "colour": 1}, "colour", "unknown_key"),
        ({**document(HELLO), "steps": {}}, "steps", "wrong_type"),
        ({**document(HELLO), "steps": [7]}, "steps[0]", "wrong_type"),
        ({**document(HELLO), "expires": 5}, "expires", "out_of_range"),
        ({**document(HELLO), "expires": True}, "expires", "wrong_type"),
        (document(), "steps", "no_steps"),
        (document(HELLO, triggers=[{"kind": "sometimes"}]), "triggers[0].kind", "unknown_kind"),
        (document(HELLO, triggers=[{"kind": "keyword", "match": "equals"}]), "triggers[0].value", "required"),
        (document(HELLO, triggers=[keyword("like", "a")]), "triggers[0].match", "wrong_type"),
        (document(HELLO, triggers=[keyword("regex", r"\bзаказ")]), "triggers[0].value", "bad_regex"),
        (document(HELLO, triggers=[keyword("regex", "(")]), "triggers[0].value", "bad_regex"),
        (document({**HELLO, "kind": "dance"}), "steps[0].kind", "unknown_kind"),
        (document({**HELLO, "kind": "wait"}), "steps[0].kind", "unknown_kind"),
        (document({**HELLO, "kind": ["message"]}), "steps[0].kind", "unknown_kind"),
        (document({**HELLO, "txet": "?"}), "steps[0].txet", "unknown_key"),
        (document({"key": "a", "kind": "message"}), "steps[0].text", "required"),
        (document({**HELLO, "text": "  "}), "steps[0].text", "required"),
        (document({**HELLO, "text": "x" * 4097}), "steps[0].text", "too_long"),
        (document({**HELLO, "text": "\x00"}), "steps[0].text", "bad_character"),
        (document({**HELLO, "text": "\ud800"}), "steps[0].text", "bad_character"),
        (document({**HELLO, "text": 5}), "steps[0].text", "wrong_type"),
        (document({"kind": "message", "text": "a"}), "steps[0].key", "required"),
        (document({**HELLO, "key": "два слова"}), "steps[0].key", "bad_key"),
        (document(HELLO, HELLO), "steps[1].key", "duplicate"),
        (document({**HELLO, "next": "nowhere"}), "steps[0].next", "missing_step"),
        (document({"key": "a", "kind": "goto", "step": "nowhere"}), "steps[0].step", "missing_step"),
        (document({"key": "a", "kind": "goto"}), "steps[0].step", "required"),
        (document({"key": "a", "kind": "end", "next": "a"}), "steps[0].next", "unknown_key"),
        (document({**SIZE, "choices": [{"key": "s", "label": "S", "next": "x"}]}), "steps[0].choices[0].next",
         "missing_step"),
        (document({**SIZE, "choices": []}), "steps[0].choices", "no_choices"),
        (document({**SIZE, "choices": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]}),
         "steps[0].choices[1].key", "duplicate"),
        (document({**SIZE, "choices": [{"key": "a", "label": "Да"}, {"key": "b", "label": "ДА"}]}),
         "steps[0].choices[0].label", "duplicate"),
        (document({**SIZE, "choices": [{"key": f"c{n}", "label": f"L{n}"} for n in range(11)]}),
         "steps[0].choices", "too_many"),
        (document({**SIZE, "choices": [{"key": "s", "label": "x" * 21}]}), "steps[0].choices[0].label", "too_long"),
        (document({**SIZE, "choices": [{"key": "s", "label": "{{vars.x}}"}]}), "steps[0].choices[0].label",
         "no_placeholders"),
        (document({**SIZE, "text": "x" * 1025}), "steps[0].text", "too_long"),
        (document({**NAME, "answer": "poem"}), "steps[0].answer", "wrong_type"),
        (document({**NAME, "invalid": {"text": "?", "tries": 2}}), "steps[0].invalid.next", "required"),
        (document({**NAME, "invalid": {"next": "x"}}), "steps[0].invalid.next", "missing_step"),
        (document({**NAME, "timeout": {"seconds": 60, "next": "x"}}), "steps[0].timeout.next", "missing_step"),
        (document({**NAME, "timeout": {"next": "name"}}), "steps[0].timeout.seconds", "required"),
        (document({"key": "a", "kind": "set", "customer": {"phone": "1"}}), "steps[0].customer.phone", "unknown_key"),
        (document({"key": "a", "kind": "set", "deal": {"title": "a", "stage": "x"}}), "steps[0].deal.stage",
         "unknown_stage"),
        (document({"key": "a", "kind": "set", "add_tags": ["x" * 51]}), "steps[0].add_tags[0]", "too_long"),
        (document({**HELLO, "next": "hello"}), "steps[0]", "endless_loop"),
    ],
)  # fmt: skip
def test_an_error_is_found_where_it_is(definition, path, code):
    assert (path, code) in found(validate(definition, stages=["new"]).errors)


def test_a_long_label_is_fine_in_a_list():
    choices = [{"key": f"c{n}", "label": f"{n}" * 24} for n in range(4)]
    assert validate(document({**SIZE, "choices": choices})).errors == []


def test_a_circle_without_a_question_is_told_once():
    circle = document({**HELLO, "next": "b"}, {"key": "b", "kind": "goto", "step": "hello"})
    assert found(validate(circle).errors) == [("steps[0]", "endless_loop")]


def test_a_circle_with_a_question_is_fine():
    assert validate(document(NAME, {"key": "b", "kind": "goto", "step": "name"})).errors == []


@pytest.mark.parametrize(
    ("definition", "path", "code"),
    [
        (document(HELLO, triggers=[]), "triggers", "no_triggers"),
        (document({"key": "a", "kind": "end"}, HELLO), "steps[1]", "unreachable"),
        (document(NAME), "steps[0]", "dead_end"),
        (document({**HELLO, "text": "{{vars.x}}"}), "steps[0].text", "never_saved"),
        (document({**HELLO, "text": "{{password}}"}), "steps[0].text", "unknown_name"),
        (document({**HELLO, "text": "{{customer.name|upper}}"}), "steps[0].text", "bad_placeholder"),
        (document({**NAME, "timeout": {"seconds": 90000}}, HELLO), "steps[0].timeout.seconds", "after_expiry"),
    ],
)
def test_a_doubt_is_a_warning(definition, path, code):
    report = validate(definition)
    assert (report.errors, found(report.warnings)) == ([], [(path, code)])


def test_what_is_unfinished_is_not_misshapen():
    report = validate(document({**HELLO, "text": "", "next": "nowhere"}))
    assert report.errors and not report.misshapen
