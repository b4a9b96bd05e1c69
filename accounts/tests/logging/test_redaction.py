import logging
import sys

import pytest

from accounts.logging.redaction import MAX_MESSAGE, MAX_TRACEBACK, RedactingFormatter, redact, redact_beginning

KEY = "0f1e2d3c" * 8


@pytest.mark.parametrize(
    "text, shown",
    [
        ("The token EAAGm0PX4ZCpsBAK is bad", "The token EAA*** is bad"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("{'Authorization': 'Token " + KEY + "'}", "{'Authorization': 'Token ***'}"),
        (f"key {KEY} of a token", "key *** of a token"),
        ("X-Hub-Signature-256: sha256=" + KEY, "X-Hub-Signature-256: sha256=***"),
        ("GET /v25.0/debug_token?input_token=abc&x=1 HTTP/1.1", "GET /v25.0/debug_token?input_token=***&x=1 HTTP/1.1"),
        ("/oauth/access_token?client_secret=abc&code=AQ-z", "/oauth/access_token?client_secret=***&code=***"),
        ("?hub.mode=subscribe&hub.verify_token=me", "?hub.mode=subscribe&hub.verify_token=***"),
        ("1234567890|Ab_c-1234", "1234567890|***"),
        ("access_token=1234567890%7CAb_c-1234&x=1", "access_token=***&x=1"),
        ("gAAAAABm" + "aB3_" * 20 + "==", "***"),
        ("FIELD_KEYS=DrUnJZ7IZ6Zkg5cR6uP2cUBOXEXXfbjPyWvJk9BkH0c=", "FIELD_KEYS=***"),
        ("postgres://shop:p%40ss@db/shop", "postgres://shop:***@db/shop"),
        ("redis://:pa55@cache:6379/0", "redis://:***@cache:6379/0"),
        ('{"messaging_product": "whatsapp", "pin": "123456"}', '{"messaging_product": "whatsapp", "pin": "***"}'),
        ("{'password': 'correct horse', 'name': 'Anna'}", "{'password': '***', 'name': 'Anna'}"),
        (r"{\"app_secret\": \"s3cret\"}", r"{\"app_secret\": \"***\"}"),
        ("{'X-Api-Key': 'abc-123', 'Accept': '*/*'}", "{'X-Api-Key': '***', 'Accept': '*/*'}"),
        ("x-api-key=abc-123", "x-api-key=***"),
        ("Authorization: ApiKey abc-123", "Authorization: ***"),
        ("Authorization: abc-123", "Authorization: ***"),
        ("{'Authorization': 'Key abc-123', 'Accept': '*/*'}", "{'Authorization': '***', 'Accept': '*/*'}"),
        (
            "<QueryDict: {'password': ['correct horse'], 'name': ['Anna']}>",
            "<QueryDict: {'password': ['***'], 'name': ['Anna']}>",
        ),
        ("password=b'correct horse'", "password=b'***'"),
        ("Cookie: sessionid=abc123; csrftoken=def456", "Cookie: sessionid=***; csrftoken=***"),
        ("appsecret_proof=abc123&fields=id", "appsecret_proof=***&fields=id"),
        ('{"pin":123456}', '{"pin":***}'),
        ("postgres://shop:p@ss@db/shop", "postgres://shop:***@db/shop"),
        ("to +79161234567, 79161234567 or +7 916 123-45-67.", "to +7***4567, +7***4567 or +7***4567."),
    ],
)
def test_secrets_and_phones_are_hidden(text, shown):
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "The access token of number 5 was refused (code 190).",
        "Webhook event 1234567 of 106540352242922: no message here is wamid.HBgLNzkxNjEyMzQ1NjcVAgARGBI=",
        "Task whatsapp.sending.tasks.deliver[9f4c1c1e-3c5e-4f3f-8d7c-0b1c2d3e4f50] ended in 0.012s",
        "GET http://127.0.0.1:8000/api/v1/messages/?status_code=200",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_the_secrets_of_the_installation_are_hidden_whatever_they_look_like(settings):
    settings.META_APP_SECRET = "tea with lemon"
    assert redact("signed with tea with lemon?") == "signed with ***?"


def written(message, *args, error=None):
    record = logging.LogRecord("shop", logging.INFO, __file__, 1, message, args, error)
    return RedactingFormatter("{levelname} {message}", style="{").format(record)


def test_arguments_of_a_record_are_redacted():
    assert written("token %s", "EAAGm0PX4ZCpsBAK") == "INFO token EAA***"


def test_a_line_break_does_not_begin_a_new_record():
    assert written("Hello\r\nERROR shop: all is lost\x1b[2J") == r"INFO Hello\r\nERROR shop: all is lost\x1b[2J"


def test_a_traceback_is_redacted_and_indented():
    try:
        raise ValueError("EAAGm0PX4ZCpsBAK\nERROR shop: all is lost")
    except ValueError:
        lines = written("It broke", error=sys.exc_info()).split("\n")
    assert lines[0] == "INFO It broke"
    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-2:] == ["    ValueError: EAA***", "    ERROR shop: all is lost"]


def test_the_traceback_of_another_formatter_is_not_taken_over():
    record = logging.LogRecord("shop", logging.INFO, __file__, 1, "It broke", (), (ValueError, ValueError("x"), None))
    record.exc_text = "EAAGm0PX4ZCpsBAK"
    assert "EAAGm" not in RedactingFormatter("%(message)s").format(record)


def test_a_secret_without_its_closing_quote_is_hidden_to_the_end_of_the_line():
    assert redact("{'password': 'correct horse\nnext line") == "{'password': '***\nnext line"


@pytest.mark.parametrize("text", ['{"pin": "", "name": "Anna"}', "token: '' and 'more'"])
def test_an_empty_secret_hides_nothing_behind_it(text):
    assert redact(text) == text


# Long texts


def test_of_a_long_message_the_beginning_is_written_and_how_much_more_there_was():
    line = written("Not Found: %s", "/" + "a " * MAX_MESSAGE)
    assert line.startswith("INFO Not Found: /a a a")
    assert line.endswith(f"… ({MAX_MESSAGE + 12:,} characters more)")
    assert len(line) < MAX_MESSAGE + 50


@pytest.mark.parametrize(
    "secret",
    [
        "EAAGm0PX4ZCpsBAK",
        KEY,
        "gAAAAABm" + "aB3_" * 20,
        "1234567890|Ab_c-1234",
        "postgres://shop:p%40ss@db/shop",
        "{'password': 'correct horse battery'}",
        "access_token=abcdefghijklmnop",
        "Authorization: Bearer abc.def-123",
        "+7 916 123-45-67",
        "tea with lemon",
    ],
)
def test_no_part_of_a_secret_that_a_cut_divides_is_written(settings, secret):
    settings.META_APP_SECRET = "tea with lemon"
    behind = " and so on " * 500
    shown = {redact_beginning(f"{' ' * before}{secret}{behind}", 100).strip() for before in range(100)}
    begun = {redact(f"{secret}{behind}")[:length].strip() for length in range(101)}
    assert shown <= begun


def test_a_secret_that_is_longer_than_what_is_searched_is_hidden():
    assert redact_beginning("password='" + "correct horse " * 1000, 100) == "password='***"


def test_a_long_line_of_a_traceback_does_not_take_the_others_with_it():
    try:
        raise ValueError("a " * MAX_TRACEBACK)
    except ValueError:
        lines = written("It broke", error=sys.exc_info()).split("\n")
    assert lines[1].strip() == "Traceback (most recent call last):"
    assert lines[-1].strip().startswith("ValueError: a a a") and lines[-1].endswith(" characters more)")
    assert len(lines[-1]) < MAX_MESSAGE + 50


def test_a_long_traceback_is_cut():
    try:
        raise ValueError("a\n" * MAX_TRACEBACK)
    except ValueError:
        text = written("It broke", error=sys.exc_info())
    assert text.endswith(" characters more)") and text.count("\n") < MAX_TRACEBACK


# The installation's own secrets


@pytest.mark.parametrize("name", ["SECRET_KEY", "META_APP_SECRET", "META_VERIFY_TOKEN", "EMAIL_HOST_PASSWORD"])
def test_each_secret_of_the_installation_is_hidden(settings, name):
    setattr(settings, name, "tea with lemon")
    assert redact("signed with tea with lemon?") == "signed with ***?"


def test_the_password_of_the_database_is_hidden(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "tea with lemon")
    assert redact('FATAL: password "tea with lemon" is wrong') == 'FATAL: password "***" is wrong'


def test_a_secret_so_short_that_it_may_be_a_word_hides_no_words(settings):
    settings.META_VERIFY_TOKEN = "tea"
    assert redact("a cup of tea") == "a cup of tea"


def test_a_log_is_written_also_without_a_secret_key(settings):
    settings.SECRET_KEY = ""
    assert redact("token EAAGm0PX4ZCpsBAK") == "token EAA***"


def test_a_stack_is_redacted_and_indented():
    record = logging.LogRecord("shop", logging.INFO, __file__, 1, "Here", (), None)
    record.stack_info = "Stack:\n  token = 'EAAGm0PX4ZCpsBAK'"
    text = RedactingFormatter("{message}", style="{").format(record)
    assert text.split("\n")[:2] == ["Here", "    Stack:"]
    assert "EAAGm" not in text and all(line.startswith("    ") for line in text.split("\n")[1:])


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u2028", "\x1b", "\x00", "\x85"])
def test_what_turns_a_text_around_or_ends_a_line_is_written_out(mark):
    line = written(f"Hello{mark}olleH")
    assert mark not in line and line.startswith("INFO Hello\\")


def test_the_record_itself_stays_as_it_was():
    """Other handlers, as that of mails, see all of it."""
    error = (ValueError, ValueError("EAAGm0PX4ZCpsBAK"), None)
    record = logging.LogRecord("shop", logging.INFO, __file__, 1, "token %s", ("EAAGm0PX4ZCpsBAK",), error)
    before = dict(vars(record))
    assert "EAAGm" not in RedactingFormatter("{message}", style="{").format(record)
    assert vars(record) == before
