"""Processes and ports, for the tests that start the product as people do."""

import socket
import time

import pytest
import requests

#: Longer than any machine takes to start, stop or answer.
PATIENCE = 60

#: Marks of tests that need PostgreSQL and Redis.
NEEDS_SERVICES = [
    pytest.mark.services,
    # One after the other: they use all of Redis' broker, and much of the machine.
    pytest.mark.xdist_group("services"),
]


def free_port():
    """A port that is free, and the next one too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except OSError:
                continue
            return port


def wait_until(happened, patience=PATIENCE):
    """Wait for something to be true, and fail when it does not come."""
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)


def answers(url):
    """Whether something answers there with a success."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
