"""Our management commands as a whole."""

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
        "cloud_api_simulator",
        "delete_number",
        "export_conversations",
        "replay_webhooks",
        "set_plan",
        "simulate_bot",
        "up",
    } <= {name for app, name in OURS}
