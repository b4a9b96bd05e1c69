import logging
import sys

import pytest

from accounts.logging.redaction import RedactingFormatter, redact

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
