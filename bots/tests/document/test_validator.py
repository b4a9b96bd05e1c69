import pytest
from django.utils import translation

from bots.document.step_checks import Known
from bots.document.validator import validate
from bots.testing import document, order

HELLO = {"key": "hello", "kind": "message", "text": "Привет"}
NAME = {"key": "name", "kind": "ask", "answer": "text", "text": "Имя?", "save_to": "name"}
SIZE = {"key": "size", "kind": "menu", "text": "Размер?", "choices": [{"key": "s", "label": "S"}]}

IF = {
    "key": "if",
    "kind": "condition",
    "rules": [{"field": "vars.size", "op": "is_set"}],
    "then": "hello",
    "otherwise": "hello",
}
HTTP = {"key": "call", "kind": "http", "method": "POST", "url": "https://a.example.com/x", "failed": "hello"}
TEMPLATE = {"key": "tpl", "kind": "template", "template": "ready", "language": "ru"}


def asking(field, op, *value):
    """A condition with one rule."""
    return document({**IF, "rules": [{"field": field, "op": op, **dict(zip(["value"], value, strict=False))}]})


def found(problems):
    return [(problem.path, problem.code) for problem in problems]


def keyword(match, value):
    return {"kind": "keyword", "match": match, "value": value}


def test_the_sample_has_no_problems():
    report = validate(order(), Known(stages=["new"]))
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
        (document({**IF, "rules": []}), "steps[0].rules", "no_rules"),
        (asking("customer.password", "is_set"), "steps[0].rules[0].field", "unknown_field"),
        (asking("vars.", "is_set"), "steps[0].rules[0].field", "unknown_field"),
        (asking("customer.name", "like"), "steps[0].rules[0].op", "wrong_type"),
        (asking("customer.name", "equals"), "steps[0].rules[0].value", "required"),
        (asking("customer.name", "in_tags", "a"), "steps[0].rules[0].op", "wrong_op"),
        (asking("customer.name", "equals", []), "steps[0].rules[0].value", "wrong_type"),
        (document({**IF, "then": "nowhere"}), "steps[0].then", "missing_step"),
        (document({**IF, "match": "some"}), "steps[0].match", "wrong_type"),
        (document({"key": "w", "kind": "wait"}), "steps[0].seconds", "required"),
        (document({"key": "w", "kind": "wait", "seconds": 0}), "steps[0].seconds", "out_of_range"),
        (document({"key": "t", "kind": "template", "language": "ru"}), "steps[0].template", "required"),
        (document({**HTTP, "method": "TRACE"}), "steps[0].method", "wrong_type"),
        (document({**HTTP, "method": "GET", "json": {}}), "steps[0].json", "no_body"),
        (document({**HTTP, "json": {"a": "\x00"}}), "steps[0].json", "wrong_type"),
        (document({**HTTP, "json": {"a": float("nan")}}), "steps[0].json", "wrong_type"),
        (document({**HTTP, "json": "x" * 70_000}), "steps[0].json", "too_large"),
        (document({**HTTP, "url": "https://{{vars.host}}/"}), "steps[0].url", "no_placeholders"),
        (document({**HTTP, "url": "{{vars.url}}"}), "steps[0].url", "no_placeholders"),
        (document({**HTTP, "url": "https://127.0.0.1/"}), "steps[0].url", "bad_url"),
        (document({**HTTP, "url": "https://a.example.com:22/"}), "steps[0].url", "bad_url"),
        (document({**HTTP, "failed": "nowhere"}), "steps[0].failed", "missing_step"),
        (document({**HTTP, "failed": "call"}), "steps[0]", "endless_loop"),
    ],
)  # fmt: skip
def test_an_error_is_found_where_it_is(definition, path, code):
    assert (path, code) in found(validate(definition, Known(stages=["new"])).errors)


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
        (document({**HELLO, "text": "{{message.form.}}"}), "steps[0].text", "unknown_name"),
        (document({**HELLO, "text": "{{customer.name|upper}}"}), "steps[0].text", "bad_placeholder"),
        (document({**NAME, "timeout": {"seconds": 90000}}, HELLO), "steps[0].timeout.seconds", "after_expiry"),
        (document(IF, HELLO), "steps[0].rules[0].field", "never_saved"),
        (document({"key": "w", "kind": "wait", "seconds": 86400}, HELLO), "steps[1].text", "window_closed"),
        (
            document({"key": "call", "kind": "http", "method": "GET", "url": "https://a.example.com/"}),
            "steps[0].failed",
            "no_failed",
        ),
        (document({**HTTP, "url": "https://c.example.com/"}, HELLO), "steps[0].url", "host_not_allowed"),
        (document({**HTTP, "url": "http://b.example.com/"}, HELLO), "steps[0].url", "https_only"),
        (document(TEMPLATE, HELLO), "steps[0].template", "no_template"),
    ],
)
def test_a_doubt_is_a_warning(definition, path, code):
    report = validate(definition, Known(templates={}, hosts={"a.example.com": False, "b.example.com": False}))
    assert (report.errors, found(report.warnings)) == ([], [(path, code)])


def test_a_circle_through_a_wait_is_fine():
    circle = document(HELLO, {"key": "w", "kind": "wait", "seconds": 60, "next": "hello"})
    assert validate(circle).errors == []


def test_a_part_of_what_was_saved_is_known():
    used = {"key": "a", "kind": "message", "text": "{{vars.reply.items.0}}", "next": "hello"}
    report = validate(document({**HTTP, "save_to": "reply"}, used, HELLO))
    assert (report.errors, report.warnings) == ([], [])


def test_what_is_unfinished_is_not_misshapen():
    report = validate(document({**HELLO, "text": "", "next": "nowhere"}))
    assert report.errors and not report.misshapen


@pytest.mark.parametrize(
    ("definition", "path", "code"),
    [
        (document({**HELLO, "next": None}), "steps[0].next", "wrong_type"),
        (document({**NAME, "timeout": None}), "steps[0].timeout", "wrong_type"),
        (document({**NAME, "invalid": {"colour": 1}}), "steps[0].invalid.colour", "unknown_key"),
        (document({**NAME, "timeout": {"seconds": "60"}}), "steps[0].timeout.seconds", "wrong_type"),
        (document({**SIZE, "choices": [{"key": "s", "label": 5}]}), "steps[0].choices[0].label", "wrong_type"),
        (document({**SIZE, "choices": ["s"]}), "steps[0].choices[0]", "wrong_type"),
        (document({**TEMPLATE, "parameters": {"1": " "}}), "steps[0].parameters.1", "required"),
        (document({**TEMPLATE, "parameters": {"x" * 51: "a"}}), "steps[0].parameters", "too_long"),
        (document({**TEMPLATE, "parameters": {"header." + "x" * 51: "a"}}), "steps[0].parameters", "too_long"),
        (document({**TEMPLATE, "parameters": {"header.1": 5}}), "steps[0].parameters.header.1", "wrong_type"),
        (document({**TEMPLATE, "parameters": []}), "steps[0].parameters", "wrong_type"),
        (document(HELLO, triggers=["any"]), "triggers[0]", "wrong_type"),
        (document(HELLO, triggers=[{}]), "triggers[0].kind", "unknown_kind"),
        (document(HELLO, triggers=[{"kind": "any", "value": "a"}]), "triggers[0].value", "unknown_key"),
        (document({**HELLO, "\ud800": "a"}), "steps[0]", "bad_character"),
    ],
)
def test_an_error_of_form_is_found_where_it_is(definition, path, code):
    assert found(validate(definition).errors) == [(path, code)]


def test_every_step_that_is_wrong_is_told_at_once():
    definition = document({**HELLO, "text": ""}, {**SIZE, "choices": []}, {**NAME, "next": "nowhere"}, {"kind": "end"})
    assert found(validate(definition).errors) == [
        ("steps[0].text", "required"),
        ("steps[3].key", "required"),
        ("steps[1].choices", "no_choices"),
        ("steps[2].next", "missing_step"),
    ]


def test_what_is_wrong_with_items_is_found_where_they_are_too_many():
    choices = [{"key": f"c{n}", "label": f"L{n}"} for n in range(10)]
    report = validate(document({**SIZE, "choices": [*choices, {"key": "x", "label": "\x00"}]}))
    assert found(report.errors) == [("steps[0].choices", "too_many"), ("steps[0].choices[10].label", "bad_character")]
    assert found(report.misshapen) == [("steps[0].choices[10].label", "bad_character")]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "“colour” is not known here. Known are: key, label, next."),
        ("ru", "Поля «colour» здесь нет. Возможные поля: key, label, next."),
    ],
)
def test_an_error_says_in_the_user_s_language_what_to_do(language, sentence):
    with translation.override(language):
        (error,) = validate(document({**SIZE, "choices": [{"key": "s", "label": "S", "colour": 1}]})).errors
    assert str(error.message) == sentence


@translation.override("en")
@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({**NAME, "invalid": {"tries": 30, "next": "name"}}, "Write a number from 1 to 20."),
        ({**IF, "match": "some"}, "This must be one of: all, any."),
        ({**HELLO, "text": "x" * 4097}, "At most 4096 characters; these are 4097. Shorten it."),
    ],
)
def test_a_sentence_names_what_is_possible(step, sentence):
    (error, *_others) = validate(document(step)).errors
    assert str(error.message) == sentence


@translation.override("en")
def test_an_unknown_kind_is_told_with_those_that_are_known():
    (error,) = validate(document(HELLO, triggers=[{"kind": "sometimes"}])).errors
    assert str(error.message) == "There is no kind “sometimes”. Known are: keyword, first_message, any."
