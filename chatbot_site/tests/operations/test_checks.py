"""Bad configuration is a sentence with a hint, never a traceback: in `check` and wherever something would start."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache

import pytest
from django.conf import settings

from chatbot_site.operations import checks

pytestmark = pytest.mark.processes

GOOD = {
    "READ_DOT_ENV": "false",
    "SECRET_KEY": "x" * 50,
    "FIELD_KEYS": "DrUnJZ7IZ6Zkg5cR6uP2cUBOXEXXfbjPyWvJk9BkH0c=",
}


#: What nothing can be made of, for every variable of .env.example, and what the sentence says to write instead.
NONSENSE = [
    ("SECRET_KEY", "", "secrets.token_urlsafe"),
    ("SECRET_KEY", "$NOT_THERE", "SECRET_KEY"),
    ("FIELD_KEYS", "", "Fernet.generate_key"),
    ("FIELD_KEYS", "not-a-key", "Fernet.generate_key"),
    ("META_VERIFY_TOKEN", "$NOT_THERE", "META_VERIFY_TOKEN"),
    ("PUBLIC_URL", "foo", "https://"),
    ("PUBLIC_URL", "http://[", "https://"),
    ("PUBLIC_URL", "https://chat.example.com:port", "https://"),
    ("ALLOWED_HOSTS", "https://chat.example.com/", "chat.example.com"),
    ("TRUSTED_PROXIES", "x", "0"),
    ("TRUSTED_PROXIES", "-1", "0"),
    ("DATABASE_URL", "foo", "sqlite:///chatbot.db"),
    ("DATABASE_URL", "mysql://host/name", "postgres://"),
    ("DATABASE_URL", "postgres://user:pass/word@host/name", "postgres://"),
    ("DATABASE_URL", "postgres://host:port/name", "postgres://"),
    ("DATABASE_URL", "postgres://host", "postgres://"),
    ("REDIS_URL", "foo", "redis://"),
    ("REDIS_URL", "redis://host:port/0", "redis://"),
    ("REDIS_URL", "redis://host/first", "redis://"),
    ("META_APP_SECRET", "$NOT_THERE", "META_APP_SECRET"),
    ("META_APP_ID", "my app", "META_APP_ID"),
    ("META_GRAPH_VERSION", "abc", "v25.0"),
    ("META_GRAPH_URL", "http://graph.example.com", "META_GRAPH_URL"),
    ("META_GRAPH_URL", "foo", "META_GRAPH_URL"),
    ("META_PROXY", "ftp://x", "socks5h://"),
    ("REGISTRATION", "maybe", "open, closed"),
    ("REGISTRATION_RATE", "often", "20/hour"),
    ("DEFAULT_PLAN", "gold", "trial"),
    ("EMAIL_URL", "foo", "smtp+tls://"),
    ("EMAIL_URL", "smtp://host:port", "smtp+tls://"),
    ("EMAIL_FROM", "the shop", "info@example.com"),
    ("LANGUAGE_CODE", "xx", "ru, en"),
    ("TIME_ZONE", "Mars", "Europe/Moscow"),
    ("TIME_ZONE", "../passwd", "Europe/Moscow"),
    ("MEDIA_ROOT", "manage.py", "MEDIA_ROOT"),
    ("BACKUP_DIR", "manage.py", "BACKUP_DIR"),
    ("LOG_LEVEL", "LOUD", "WARNING"),
    ("DEBUG", "perhaps", "false"),
    ("READ_DOT_ENV", "perhaps", "false"),
]


def check(**environment):
    return run("manage.py", "check", **environment)


def run(*command, **environment):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LANG", "HOME")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={**kept, **GOOD, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def test_a_good_configuration_passes():
    answer = check()
    assert answer.returncode == 0, answer.stderr


def rounds():
    """The nonsense in as few environments as there may be: all of one, and each variable once."""
    found = defaultdict(dict)
    for variable, value, _hint in NONSENSE:
        serial = sum(variable in environment for environment in found.values())
        found[serial][variable] = value
    return list(found.values())


@cache
def checked(serial):
    return check(**rounds()[serial])


@pytest.mark.parametrize(("variable", "value", "hint"), NONSENSE)
def test_nonsense_is_said_in_a_sentence_with_a_hint(variable, value, hint):
    serial = next(serial for serial, environment in enumerate(rounds()) if environment.get(variable) == value)
    answer = checked(serial)
    assert answer.returncode == 1
    assert variable in answer.stderr and hint in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nonsense_was_tried_in_every_variable_of_the_example():
    example = (settings.BASE_DIR / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) | {"READ_DOT_ENV"} == {row[0] for row in NONSENSE}


def test_a_password_in_a_wrong_url_is_not_shown():
    answer = check(DATABASE_URL="mysql://user:s3cret@host/name", EMAIL_URL="foo://user:s3cret@host")
    assert "s3cret" not in answer.stderr + answer.stdout


def test_variables_with_nothing_in_them_have_their_defaults():
    secrets = {"SECRET_KEY", "FIELD_KEYS"}
    answer = check(**{variable: "" for variable, _value, _hint in NONSENSE if variable not in secrets})
    assert answer.returncode == 0, answer.stderr


def test_a_wrong_language_alone_is_said_in_russian():
    assert "Укажите" in check(LANGUAGE_CODE="xx").stderr


@pytest.mark.parametrize(
    "command",
    [
        ("manage.py", "up", "--port", "1"),
        ("manage.py", "migrate"),
        ("manage.py", "set_plan", "Shop", "trial"),
        ("-m", "celery", "-A", "chatbot_site", "worker"),
        ("-m", "celery", "-A", "chatbot_site", "beat"),
        pytest.param(
            ("-m", "gunicorn", "chatbot_site.wsgi", "--bind", "127.0.0.1:0"),
            marks=pytest.mark.skipif(sys.platform == "win32", reason="there is no gunicorn for Windows"),
        ),
    ],
    ids=" ".join,
)
def test_nothing_starts_on_wrong_settings(command):
    answer = run(*command, META_VERIFY_TOKEN="$NOT_THERE", DATABASE_URL="foo", LOG_LEVEL="LOUD")
    assert answer.returncode != 0
    assert "DATABASE_URL" in answer.stderr and "LOG_LEVEL" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_web_process_without_a_secret_key_says_so():
    answer = run("-c", "import chatbot_site.wsgi", SECRET_KEY="")
    assert answer.returncode != 0
    assert "SECRET_KEY" in answer.stderr and "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("user", "sender"), [("", "webmaster@localhost"), ("info%40example.com:pw@", "info@example.com")]
)
def test_the_user_of_the_mail_server_is_the_sender_where_that_is_an_address(user, sender):
    assert setting("DEFAULT_FROM_EMAIL", EMAIL_URL=f"smtp+tls://{user}smtp.example.com:587") == sender


def test_email_from_is_the_sender():
    assert setting("DEFAULT_FROM_EMAIL", EMAIL_FROM="Shop <info@example.com>") == "Shop <info@example.com>"


def setting(name, **environment):
    """A setting as another process reads it."""
    answer = run("-c", f"from chatbot_site import settings; print(settings.{name})", **environment)
    return answer.stdout.strip()


@pytest.mark.parametrize(("version", "found"), [((3, 34, 1), ["site.E010"]), ((3, 35, 0), [])])
def test_an_sqlite_that_cannot_tell_what_it_inserted_is_refused(monkeypatch, version, found):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "accounts.database.sqlite3")
    monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", version)
    assert [error.id for error in checks.sqlite_is_new_enough(None)] == found


def test_postgresql_needs_no_sqlite(monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", (3, 7, 17))
    assert checks.sqlite_is_new_enough(None) == []
