"""Bad configuration fails `manage.py check` with a hint."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

GOOD = {
    "READ_DOT_ENV": "false",
    "SECRET_KEY": "x" * 50,
    "FIELD_KEYS": "DrUnJZ7IZ6Zkg5cR6uP2cUBOXEXXfbjPyWvJk9BkH0c=",
}


def check(**environment):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "LANG", "HOME")}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env={**kept, **GOOD, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_a_good_configuration_passes():
    answer = check()
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ({"SECRET_KEY": ""}, "manage.py up"),
        ({"REGISTRATION_RATE": "often"}, "20/hour"),
        ({"FIELD_KEYS": ""}, "manage.py up"),
        ({"FIELD_KEYS": "not-a-key"}, "Fernet.generate_key"),
        ({"PUBLIC_URL": "chat.example.com"}, "https://"),
        ({"META_GRAPH_URL": "http://graph.example.com"}, "META_GRAPH_URL"),
        ({"DEFAULT_PLAN": "gold"}, "trial"),
        ({"REGISTRATION": "maybe"}, "open or closed"),
        ({"LANGUAGE_CODE": "fr"}, "ru or en"),
    ],
)
def test_a_bad_value_fails_with_a_hint(environment, hint):
    answer = check(**environment)
    assert answer.returncode == 1
    assert hint in answer.stderr
