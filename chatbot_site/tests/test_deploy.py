"""deploy/ holds no command that is not run by tests, or by .ci/run, outside Docker."""

import re
import shlex

import pytest

from chatbot_site.operations.environment import BASE_DIR

from .compose import SERVICES

DOCKERFILE = (BASE_DIR / "deploy/Dockerfile").read_text(encoding="utf-8")
#: The commands by which the image is built: first what is installed, which .ci/run does, then what test_image.py runs.
INSTALL_CLIENT, INSTALL, *RUN = re.findall(r"^RUN (.+)$", DOCKERFILE, re.MULTILINE)


def test_what_the_image_installs_is_what_ci_installs():
    ci = (BASE_DIR / ".ci/run").read_text(encoding="utf-8")
    assert INSTALL in ci
    # Debian's package of the server brings the client.
    assert "postgresql-client" in INSTALL_CLIENT
    assert "missing+=(postgresql)" in ci


def test_every_service_but_the_database_has_its_command_here():
    assert [name for name, service in SERVICES.items() if "command" not in service] == ["postgres"]


def test_no_secret_stands_in_the_files():
    for name in ("Dockerfile", "compose.yaml"):
        text = (BASE_DIR / "deploy" / name).read_text(encoding="utf-8")
        assert not re.search(r"(SECRET_KEY|FIELD_KEYS|PASSWORD)\s*[:=]\s*[\"']?\w", text)


@pytest.mark.parametrize("path", ["README.md", "docs/README.ru.md"])
@pytest.mark.parametrize("service", ["web", "worker", "worker-bulk", "beat"])
def test_the_readme_names_the_command_of_a_service(service, path):
    command = " ".join(shlex.split(SERVICES[service]["command"])).replace("0.0.0.0", "127.0.0.1")
    text = " ".join((BASE_DIR / path).read_text(encoding="utf-8").replace("\\\n", "").split())
    assert command in text


@pytest.mark.parametrize("service", ["web", "beat"])
def test_what_gives_tasks_starts_after_the_migration_and_the_workers(service):
    assert {"migrate", "redis", "worker", "worker-bulk"} == set(SERVICES[service]["depends_on"])
    assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
