"""What our processes call themselves to PostgreSQL."""

import pytest

from chatbot_site.operations.process_name import process_name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/srv/.venv/bin/gunicorn chatbot_site.wsgi --bind 127.0.0.1:8000", "web"),
        ("/srv/.venv/bin/celery -A chatbot_site worker --queues inbound,outbound", "worker"),
        ("/srv/.venv/bin/celery -A chatbot_site beat", "beat"),
        ("/srv/.venv/lib/celery/__main__.py -A chatbot_site worker", "worker"),
        (r"manage.py restore_db backups/chatbot.zip", "restore_db"),
        ("manage.py", "manage"),
        ("/usr/bin/uwsgi --http :8000", "uwsgi"),
    ],
)
def test_a_process_is_named_by_its_role(command: str, name: str) -> None:
    assert process_name(command.split()) == f"chatbot_site {name}"


def test_a_console_of_python_has_a_name_too() -> None:
    assert process_name([""]) == "chatbot_site python"
