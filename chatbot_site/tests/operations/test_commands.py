"""Our management commands as a whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

OURS = sorted((app, name) for name, app in get_commands().items() if (Path(settings.BASE_DIR) / str(app)).is_dir())


@pytest.mark.parametrize(("app", "name"), OURS)
def test_a_command_says_what_it_is_for(app, name):
    parser = load_command_class(app, name).create_parser("manage.py", name)
    assert "usage: manage.py" in parser.format_help()
    assert parser.description


def test_the_commands_of_the_contract_are_there():
    assert {
        "backup_db",
        "cloud_api_simulator",
        "delete_number",
        "export_conversations",
        "init_db",
        "replay_webhooks",
        "restore_db",
        "set_plan",
        "simulate_bot",
        "up",
    } <= {name for app, name in OURS}


@pytest.mark.processes
def test_a_console_of_another_code_page_never_crashes():
    """cp866 has no “quotation marks”, which the help has."""
    environment = {**os.environ, "PYTHONIOENCODING": "cp866", "LANGUAGE_CODE": "ru"}
    for name in ("cloud_api_simulator", "up"):
        answer = subprocess.run(
            [sys.executable, "manage.py", name, "--help"], cwd=settings.BASE_DIR, env=environment, capture_output=True
        )
        assert answer.returncode == 0, answer.stderr
