"""What a report of an error shows: neither by name nor by value what is secret, in text and in HTML alike."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils.html import escape
from django.utils.log import AdminEmailHandler

from accounts.logging import error_reports
from accounts.logging.error_reports import RedactedReporter

#: Not written out anywhere below: a report shows the lines around each call.
PLANTED = "".join(["plan", "ted", "-wo", "rds"])

#: A password with all that Python, HTML and addresses write otherwise.
SECRET = "corr%ect h\\o\"r'se & <battery>"


def report_of(request: HttpRequest | None, fail: Callable[..., object], *arguments: object) -> tuple[str, str]:
    """The report of what a function raises, as text and as HTML."""
    try:
        fail(*arguments)
    except Exception:
        reporter = RedactedReporter(request, *sys.exc_info())
        # The test's own frames hold what it planted.
        frames = reporter.get_traceback_frames
        reporter.get_traceback_frames = lambda: [frame for frame in frames() if frame["function"] != "report_of"]
        return reporter.get_traceback_text(), reporter.get_traceback_html()
    raise AssertionError("Nothing was raised.")


def divide(*arguments: object) -> float:
    return 1 / 0


def raise_with(value: str) -> None:
    raise KeyError(value)


def is_shown(secret: str, reports: tuple[str, str]) -> bool:
    written = {secret, repr(secret)[1:-1]}
    return any(form in report for form in written | set(map(escape, written)) for report in reports)


@pytest.fixture
def post() -> Callable[..., HttpRequest]:
    def post(**values: str) -> HttpRequest:
        return RequestFactory().post("/admin/login/", values)

    return post


# What came with the request


@pytest.mark.parametrize("name", ["password", "access_token", "api_key", "pin", "code", "client_secret", "signature"])
def test_a_secret_that_was_posted_is_hidden_by_its_name(post: Callable[..., HttpRequest], name: str) -> None:
    assert not is_shown(PLANTED, report_of(post(**{name: PLANTED}), divide))


def test_what_else_was_posted_is_shown(post: Callable[..., HttpRequest]) -> None:
    for report in report_of(post(name="Anna of the tea house", password=PLANTED), divide):
        assert "Anna of the tea house" in report


@pytest.mark.parametrize("secret", [PLANTED, SECRET])
def test_a_posted_secret_is_hidden_in_what_was_raised(post: Callable[..., HttpRequest], secret: str) -> None:
    """A KeyError says its value as Python writes it."""
    assert not is_shown(secret, report_of(post(password=secret), raise_with, secret))


@pytest.mark.parametrize("secret", [PLANTED, SECRET])
def test_a_posted_secret_is_hidden_in_variables_of_any_name(post: Callable[..., HttpRequest], secret: str) -> None:
    request = post(password=secret)

    def fail(text: str, query: Any, row: dict[str, Any]) -> float:
        return divide()

    assert not is_shown(secret, report_of(request, fail, f"so {secret}!", request.POST, {"typed": [secret]}))


@pytest.mark.parametrize("name", ["code", "key", "hub.verify_token"])
@pytest.mark.parametrize("before", ["", "page=1&"])
def test_a_secret_in_an_address_is_hidden_as_it_was_written(name: str, before: str) -> None:
    reports = report_of(RequestFactory().get(f"/?{before}{name}=plan%2ated%2fAQ"), divide)
    assert not any(planted in report for planted in ("plan%2ated", "plan*ted/AQ") for report in reports)


@pytest.mark.parametrize(
    "header", ["Authorization", "X-Hub-Signature-256", "X-Api-Key", "Cookie", "Proxy-Authorization", "X-Csrftoken"]
)
def test_a_header_that_is_a_secret_is_hidden(header: str) -> None:
    request = RequestFactory().get("/", headers={header: f"sessionid={PLANTED}"})
    assert not is_shown(PLANTED, report_of(request, divide))


def test_the_body_of_a_webhook_is_hidden() -> None:
    request = RequestFactory().post("/", f'{{"text": "{PLANTED}"}}'.encode(), content_type="application/json")

    def fail(body: bytes, raw_body: bytes) -> float:
        return divide()

    assert not is_shown(PLANTED, report_of(request, fail, request.body, request.body))


def test_short_values_do_not_blot_out_the_report(post: Callable[..., HttpRequest]) -> None:
    assert "ZeroDivisionError" in report_of(post(pin="1", code="Div"), divide)[0]


def test_an_error_without_a_request_is_reported_too() -> None:
    assert "ZeroDivisionError" in report_of(None, divide)[0]


# What lay in variables


@pytest.mark.parametrize("name", ["password", "access_token", "api_key", "session", "signature", "FIELD_KEYS", "body"])
def test_a_variable_is_hidden_by_its_name(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def fail({name}):\n    return 1 / 0", namespace)
    assert not is_shown(PLANTED, report_of(None, namespace["fail"], PLANTED))


@pytest.mark.parametrize(
    "value",
    [
        {"access_token": PLANTED},
        {"headers": {"X-Api-Key": PLANTED}},
        {"Authorization": f"Bearer {PLANTED}"},
        {"Authorization": f"ApiKey {PLANTED}"},
        {"password": [PLANTED]},
        {"client_secret": (PLANTED,)},
        f'{{"pin": "{PLANTED}"}}'.encode(),
        f"postgres://shop:{PLANTED}@db/shop",
        f"https://graph.facebook.com/?access_token={PLANTED}",
    ],
)
def test_a_secret_within_a_variable_is_hidden(value: object) -> None:
    def fail(row: object) -> float:
        return divide()

    assert not is_shown(PLANTED, report_of(None, fail, value))


def test_a_variable_that_cannot_be_printed_does_not_spoil_the_report() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError(PLANTED)

    def fail(row: object) -> float:
        return divide()

    text, html = report_of(None, fail, Broken())
    assert "ZeroDivisionError" in text and "RuntimeError while printing it" in html


def test_of_a_long_variable_the_beginning_is_shown() -> None:
    def fail(row: str) -> float:
        return divide()

    _text, html = report_of(None, fail, "tea " * 5000)
    assert "characters more)" in html and "tea " * 1500 not in html


def test_a_report_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_reports, "MAX_REPORT", 1000)
    assert all(len(report) < 1100 for report in report_of(None, divide))


# Settings and the database


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "FIELD_KEYS", "META_APP_SECRET", "META_VERIFY_TOKEN", "EMAIL_HOST_PASSWORD"]
)
def test_the_installations_secrets_are_not_among_the_settings(settings: Any, name: str) -> None:
    setattr(settings, name, PLANTED)
    assert not is_shown(PLANTED, report_of(None, divide))


def test_passwords_of_services_are_not_among_the_settings(settings: Any) -> None:
    settings.REDIS_URL = f"redis://:{PLANTED}@cache:6379/0"
    settings.OTHER = {"default": {"PASSWORD": PLANTED, "NAME": "shop"}}
    assert not is_shown(PLANTED, report_of(None, divide))


@pytest.mark.django_db
def test_the_values_of_a_statement_that_failed_are_hidden(post: Callable[..., HttpRequest]) -> None:
    def fail(params: list[str]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere WHERE access_token = %s", params)

    request = post(password=PLANTED)
    assert not is_shown(PLANTED, report_of(request, fail, [PLANTED]))
    assert not is_shown("EAAplantedToken", report_of(None, fail, ["EAAplantedToken"]))


@pytest.mark.django_db
def test_the_page_of_an_error_with_debug_on_shows_no_secret(settings: Any) -> None:
    settings.DEBUG = True
    settings.ROOT_URLCONF = "chatbot_site.tests.pages.crashing_urls"
    client = Client(raise_request_exception=False, headers={"Authorization": f"Token {PLANTED}"})
    page = client.post(f"/crash/?access_token={PLANTED}", {"password": PLANTED})
    assert page.status_code == 500 and PLANTED not in page.content.decode()


@pytest.mark.django_db
def test_a_mail_to_the_administrators_shows_no_secret(settings: Any, mailoutbox: list[Any]) -> None:
    settings.ADMINS = [("Admin", "admin@example.com")]
    request = RequestFactory().post("/", {"password": PLANTED})
    try:
        divide()
    except ZeroDivisionError:
        record = logging.LogRecord("django.request", logging.ERROR, "", 1, "Failed: %s", ("/",), sys.exc_info())
    record.request = request
    AdminEmailHandler(include_html=True).emit(record)
    [mail] = mailoutbox
    assert "ZeroDivisionError" in mail.body
    assert PLANTED not in mail.body + str(mail.alternatives)
