"""The services of deploy/compose.yaml as processes of this machine: its very commands at the tests' own addresses."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import yaml
from django.db import connection

from chatbot_site.operations.environment import BASE_DIR
from chatbot_site.tests.system.processes import PATIENCE, free_port

SERVICES = yaml.safe_load((BASE_DIR / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]

#: The tools of this Python first, as in the image.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


class Compose:
    """Starts services and runs their health checks. `folder` takes their logs; `environment` goes to all of them."""

    def __init__(self, folder, **environment):
        self.folder = folder
        self.environment = environment
        self.port, self.redis_port = free_port(), free_port()
        self.started = []
        #: What stands in compose.yaml → what it is here.
        self.addresses = {
            "0.0.0.0:8000": f"127.0.0.1:{self.port}",
            "127.0.0.1:8000": f"127.0.0.1:{self.port}",
            "web:8000": f"127.0.0.1:{self.port}",
            "6379": str(self.redis_port),
        }

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def here(self, text):
        for theirs, ours in self.addresses.items():
            text = text.replace(theirs, ours)
        return text

    def start(self, service, folder=BASE_DIR):
        """A process of the service, in `folder`."""
        command = shlex.split(self.here(SERVICES[service]["command"]))
        with open(self.folder / f"{len(self.started)}-{service}.log", "w") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=self.complete_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def complete_environment(self):
        # Signs of life are files in TMPDIR: each container has its own.
        here = {"PATH": PATH, "TMPDIR": str(self.folder), "DATABASE_URL": database_url()}
        return {**os.environ, **here, **self.environment}

    def run(self, service):
        """Run a service that ends, and return its status."""
        return self.start(service).wait(PATIENCE)

    def is_healthy(self, service):
        """What the service's health check says."""
        kind, *command = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD", kind
        command = [self.here(word) for word in command]
        check = subprocess.run(command, cwd=BASE_DIR, env=self.complete_environment(), capture_output=True)
        return check.returncode == 0

    def end(self):
        for process in self.started:
            kill(process)
        for log in sorted(self.folder.glob("*.log")):
            print(log.name, log.read_text()[-4000:])


def kill(process):
    """End a process and its children at once, as a power cut does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def database_url():
    facts = connection.settings_dict
    return f"postgres://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT'] or 5432}/{facts['NAME']}"
