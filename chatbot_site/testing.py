"""The pytest plugin of the project: what every test gets, and the marks by which tests are chosen."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.db import connection, transaction
from django.test import Client, TransactionTestCase, client, override_settings
from django.utils import timezone, translation
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from accounts.models import User
    from whatsapp.simulator.testing import SimulatedMeta

CHROMIUM = "/usr/bin/chromium"


def share_redis() -> None:
    """Give each of the processes among which the tests are divided a database of its own in Redis."""
    process, redis = os.environ.get("PYTEST_XDIST_WORKER", ""), urlsplit(os.environ.get("REDIS_URL", ""))
    if process and redis.scheme:
        database = int(redis.path.strip("/") or 0) + int(process.removeprefix("gw"))
        os.environ["REDIS_URL"] = redis._replace(path=f"/{database}").geturl()


# Before anything reads the settings.
share_redis()


# How much Hypothesis tries: in CI always the same; in hours HYPOTHESIS_PROFILE=nightly finds what a hundred do not.
_every_test = hypothesis.settings(deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
hypothesis.settings.register_profile("default", _every_test, max_examples=100)
hypothesis.settings.register_profile(
    "ci", _every_test, max_examples=100, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.register_profile("nightly", _every_test, max_examples=10_000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))


def has_services() -> bool:
    from django.conf import settings

    return bool(settings.REDIS_URL) and settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


def is_postgresql() -> bool:
    from django.conf import settings

    return settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


def is_sqlite() -> bool:
    return not is_postgresql()


def has_browser() -> bool:
    return Path(CHROMIUM).exists()


#: What the tests of a mark need: whether it is here, and the sentence on what to set or install.
NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "services": (has_services, "needs PostgreSQL and Redis: set DATABASE_URL=postgres://… and REDIS_URL=redis://…"),
    "postgresql": (is_postgresql, "is about PostgreSQL: set DATABASE_URL=postgres://…"),
    "sqlite": (is_sqlite, "is about SQLite: leave DATABASE_URL empty"),
    "browser": (has_browser, f"needs Chromium: install it as {CHROMIUM}"),
}


def unmet(item: pytest.Item) -> list[str]:
    """The marks of a test whose needs are not here."""
    return [mark for mark, (is_here, _sentence) in NEEDS.items() if item.get_closest_marker(mark) and not is_here()]


def _uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db")) or not {"db", "transactional_db", "live_server"}.isdisjoint(
        fixtures
    )


#: What takes long, or needs more than Python and SQLite.
_NOT_QUICK = ("browser", "processes", "services", "slow")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the marks that follow from others, and skip what cannot run here; then pytest chooses by marks."""
    for item in items:
        if _uses_database(item):
            item.add_marker(pytest.mark.database)
        if not any(item.get_closest_marker(mark) for mark in _NOT_QUICK):
            item.add_marker(pytest.mark.quick)
        for mark in unmet(item):
            item.add_marker(pytest.mark.skip(reason=NEEDS[mark][1]))


@pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
def begin_with_the_slow(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Divided among processes, else one would be in a long test while the others have ended."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("quick") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """
    In CI a test that would be skipped fails. Where nothing is set, as at a newcomer's, those are skipped of which the
    marks say so; with PostgreSQL and Redis only those about SQLite.
    """
    report = yield
    is_allowed = unmet(item) == ["sqlite"] if has_services() else unmet(item)
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") and not is_allowed:
        assert call.excinfo is not None
        report.outcome = "failed"
        report.longrepr = f"Skipped, which CI does not allow: {call.excinfo.value}"
    return report


#: The test that is running.
_running: list[pytest.Item] = []

_start_process = subprocess.Popen.__init__


def _start_marked_process(process: subprocess.Popen[Any], args: Any, *more: Any, **options: Any) -> None:
    """Refuse to start Python in a test that does not say by a mark that it takes so long."""
    program = args if isinstance(args, str | bytes | os.PathLike) else args[0]
    marks = ("processes", "services", "browser")
    if program == sys.executable and _running and not any(map(_running[0].get_closest_marker, marks)):
        raise RuntimeError("This test starts a process: mark it with @pytest.mark.processes.")
    _start_process(process, args, *more, **options)


subprocess.Popen.__init__ = _start_marked_process  # type: ignore[assignment, method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    _running[:] = [item]
    try:
        return (yield)
    finally:
        _running.clear()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """
    Thousands of tests and the modules they stand in stay until the end. Python's garbage collector would go over all
    of it again and again, which takes up to half of the time of the tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


#: How many rows migrating leaves in a table, where it leaves any: rights and kinds of content. Known after a flush.
_seeds: dict[str, int] = {}

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _count_rows() -> dict[str, int]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    counts = (f"SELECT '{table}', COUNT(*) FROM {connection.ops.quote_name(table)}" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts))
        return dict(cursor.fetchall())


def _empty_tables(case: TransactionTestCase) -> None:
    """
    After a test that commits: delete the rows it left. Django would empty all tables, of which few hold anything, and
    then make anew the rights that no test changes.
    """
    rows = _count_rows()
    if not _seeds or any(rows[table] != count for table, count in _seeds.items()):
        _flush(case)
        _seeds.update((table, count) for table, count in _count_rows().items() if count)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for table in (table for table, count in rows.items() if count and table not in _seeds):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]


_store_template = client.store_rendered_templates  # type: ignore[attr-defined]


def _store_page(store: Any, signal: Any, sender: Any, template: Any, context: Any, **more: Any) -> None:
    """The client copies the context of each template for `response.context`: not of fields, which are hundreds."""
    if not (template.name or "").startswith(("django/forms/", "admin/widgets/")):
        _store_template(store, signal, sender, template, context, **more)


client.store_rendered_templates = _store_page  # type: ignore[attr-defined]


@pytest.fixture(autouse=True, scope="session")
def _test_settings(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """`settings` of a test may still say otherwise."""
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        MEDIA_ROOT=tmp_path_factory.getbasetemp() / "media",
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        # Else each Client lists all static files before its first request.
        WHITENOISE_AUTOREFRESH=True,
    ):
        yield


@pytest.fixture(autouse=True)
def _language_and_time_zone(settings: Settings) -> None:
    """Undo what the requests of an earlier test switched to."""
    translation.activate(settings.LANGUAGE_CODE)
    timezone.deactivate()


@pytest.fixture(autouse=True)
def _eager_celery() -> None:
    """Tasks run where they are called; tests of real workers start real workers."""
    from .celery import app

    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True


@pytest.fixture(autouse=True)
def _rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each number its whole rate, though it may have the primary key of an earlier test's."""
    from whatsapp.sending import rate_limiter

    monkeypatch.setattr(rate_limiter, "_buckets", {})


@pytest.fixture
def meta(request: pytest.FixtureRequest, settings: Settings) -> Iterator["SimulatedMeta"]:
    """
    The simulated Meta (whatsapp/simulator), to which META_GRAPH_URL points. `meta.connect(number)` makes a
    WhatsAppNumber known there. With `live_server` its webhooks are posted there by HTTP; without, they wait for
    `meta.deliver_webhooks()`, which posts them through Django's test client.
    """
    from whatsapp.simulator import server
    from whatsapp.simulator.testing import SimulatedMeta

    running = server.start()
    settings.META_GRAPH_URL = running.url
    simulated = SimulatedMeta(running)
    if "live_server" in request.fixturenames:
        simulated.post_webhooks_to(request.getfixturevalue("live_server").url)
    yield simulated
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A headless Chromium, driven by Playwright's browser object."""
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Playwright's event loop runs in this thread, and there Django would refuse to use the database.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


#: The locale of the browser of somebody who reads a language.
LOCALES = {"en": "en-GB", "ru": "ru-RU"}


@pytest.fixture
def open_page(browser: "Browser", live_server: LiveServer) -> Iterator[Callable[..., "Page"]]:
    """
    Opens an address in a new window as a user: `open_page(user, address, viewport=…)` returns Playwright's page. An
    error in a console fails the test.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(user: "User", address: str, **options: Any) -> "Page":
        client = Client()
        client.force_login(user, backend="accounts.people.roles.RoleBackend")
        context = browser.new_context(locale=LOCALES[user.language], **options)
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.goto(live_server.url + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
