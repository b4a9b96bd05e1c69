"""manage.py cloud_api_simulator."""

import os
import re
import socket
import subprocess
import sys

import pytest
import requests
from django.core.management import CommandError, call_command


def test_taken_port_is_named_with_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CommandError, match=rf"{port}.*--port {port + 1}"):
            call_command("cloud_api_simulator", port=port)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("app_secret", "last_line"),
    [("", "META_APP_SECRET=simulator-app-secret"), ("a real secret", "META_GRAPH_URL=")],
    ids=["without a secret", "with a real secret, which is not printed"],
)
def test_command_prints_the_lines_for_env_and_serves_its_page(settings, app_secret, last_line):
    process = subprocess.Popen(
        [sys.executable, "-u", "manage.py", "cloud_api_simulator", "--port", "0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "LANGUAGE_CODE": "en", "META_APP_SECRET": app_secret},
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        printed = ""
        while last_line not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        url = re.search(r"META_GRAPH_URL=(\S+)", printed)[1]

        assert requests.get(url, timeout=10).status_code == 200
    finally:
        process.kill()
        printed += process.communicate()[0]
    assert "a real secret" not in printed
