"""deploy/ holds no command that is not run by tests, or by .ci/run, outside Docker."""

import re
import shlex

import pytest
from django.conf import settings

from chatbot_site.operations.environment import BASE_DIR
from chatbot_site.tests.system.compose import SERVICES

DOCKERFILE = (BASE_DIR / "deploy/Dockerfile").read_text(encoding="utf-8")
#: The commands by which the image is built: first what is installed, which .ci/run does, then what test_image.py runs.
INSTALL_CLIENT, INSTALL, *RUN = re.findall(r"^RUN (.+)$", DOCKERFILE, re.MULTILINE)


def test_what_the_image_installs_is_what_ci_installs():
    ci = (BASE_DIR / ".ci/run").read_text(encoding="utf-8")
    # The file of the tests holds that of the product.
    assert INSTALL == "python -m pip install -r requirements.txt"
    assert "-r requirements.txt" in (BASE_DIR / "requirements-test.txt").read_text(encoding="utf-8").splitlines()
    assert "pip install -r requirements-test.txt" in ci
    # Debian's package of the server brings the client.
    assert "postgresql-client" in INSTALL_CLIENT
    assert "missing+=(postgresql)" in ci


def test_every_service_but_the_database_has_its_command_here():
    assert [name for name, service in SERVICES.items() if "command" not in service] == ["postgres"]


def test_no_secret_stands_in_the_files():
    for name in ("Dockerfile", "compose.yaml"):
        text = (BASE_DIR / "deploy" / name).read_text(encoding="utf-8")
        assert not re.search(r"(SECRET_KEY|FIELD_KEYS|PASSWORD)\s*[:=]\s*[\"']?\w", text)


@pytest.mark.parametrize("path", ["docs/operations.md", "docs/operations.ru.md"])
@pytest.mark.parametrize("service", ["web", "worker", "worker-calls", "worker-bulk", "worker-files", "beat"])
def test_the_manual_names_the_command_of_a_service(service, path):
    command = " ".join(shlex.split(SERVICES[service]["command"])).replace("0.0.0.0", "127.0.0.1")
    text = " ".join((BASE_DIR / path).read_text(encoding="utf-8").replace("\\\n", "").split())
    assert command in text


def test_the_workers_read_every_queue_once():
    commands = [shlex.split(service["command"]) for name, service in SERVICES.items() if name.startswith("worker")]
    read = [queue for words in commands for queue in words[words.index("--queues") + 1].split(",")]
    assert sorted(read) == sorted(settings.CELERY_TASK_QUEUES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_logs_of_a_service_do_not_fill_the_disk(service):
    options = SERVICES[service]["logging"]["options"]
    assert options["max-size"]
    assert options["max-file"]


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "migrate"])
def test_a_service_is_healthy_or_not_by_itself(service):
    """Redis and PostgreSQL ask themselves, web its own port, the others look at their own process."""
    check = " ".join(SERVICES[service]["healthcheck"]["test"])
    assert not re.search(r"//(?!127\.0\.0\.1)|readyz", check)


@pytest.mark.parametrize("service", ["worker", "worker-calls", "worker-bulk", "worker-files", "beat"])
def test_the_health_check_of_a_service_names_its_process(service):
    *_command, name = SERVICES[service]["healthcheck"]["test"]
    command = SERVICES[service]["command"]
    assert f"--hostname {name}@%h" in command or command.endswith(f" {name}")


@pytest.mark.parametrize("service", ["web", "beat"])
def test_what_gives_tasks_starts_after_the_migration_and_the_workers(service):
    assert {"migrate", "redis", "worker", "worker-calls", "worker-bulk", "worker-files"} == set(
        SERVICES[service]["depends_on"]
    )
    assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
