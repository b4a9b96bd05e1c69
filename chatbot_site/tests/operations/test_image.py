"""The commands of deploy/Dockerfile, run as Docker does, and what the image then serves."""

import os
import re
import shutil
import subprocess

import pytest
import requests

from chatbot_site.operations.environment import BASE_DIR
from chatbot_site.tests.operations.test_deploy import DOCKERFILE, RUN
from chatbot_site.tests.system.compose import PATH, Compose
from chatbot_site.tests.system.processes import NEEDS_SERVICES, wait_until

is_root = hasattr(os, "geteuid") and os.geteuid() == 0
pytestmark = [
    *NEEDS_SERVICES,
    pytest.mark.skipif(not is_root, reason="needs root, as building an image does"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def image(tmp_path):
    """The folder /app of the image. What is installed stands already."""
    app = tmp_path / "app"
    shutil.copytree(BASE_DIR, app, ignore=ignored_by_docker())
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    for command in RUN:
        environment = {**kept, "PATH": PATH, "READ_DOT_ENV": "false"}
        subprocess.run(["/bin/sh", "-c", command], cwd=app, env=environment, check=True)
    return app


def ignored_by_docker():
    """What copytree leaves out: a pattern without `**/` is one of the root's."""
    lines = (BASE_DIR / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    everywhere = shutil.ignore_patterns(*(line.removeprefix("**/") for line in patterns if line.startswith("**/")))
    at_root = shutil.ignore_patterns(*(line for line in patterns if not line.startswith("**/")))

    def ignored(folder, names):
        is_root_folder = os.path.samefile(folder, BASE_DIR)
        return everywhere(folder, names) | (at_root(folder, names) if is_root_folder else set())

    return ignored


def test_what_people_upload_belongs_to_the_user_of_the_processes(image):
    user = int(re.search(r"^USER (\d+)", DOCKERFILE, re.MULTILINE).group(1))
    assert user != 0
    assert [(image / name).stat().st_uid for name in ("media", "backups")] == [user, user]


def test_static_files_are_served_compressed(image, tmp_path):
    compose = Compose(tmp_path)
    try:
        compose.start("web", folder=image)
        wait_until(lambda: compose.is_healthy("web"))
        style = requests.get(f"{compose.url}/static/admin/css/base.css", timeout=5)
        assert (style.status_code, style.headers["Content-Encoding"]) == (200, "gzip")
    finally:
        compose.end()
