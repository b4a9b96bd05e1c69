"""An installation of one's own, to be treated badly: its processes, its PostgreSQL, its Redis, its disk. Linux."""

import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
import requests
import yaml

from .broadcast import free_port
from .cpu import children_of, cpu_seconds
from .measuring import SECRETS, meter

ROOT = Path(__file__).resolve().parent.parent
SERVICES = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]

DISK_SIZE = "64m"


def wait_for(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            sys.exit("It did not happen in time.")
        time.sleep(0.1)


class Postgres:
    """A server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data, self.port = folder / "postgres", free_port()
        self.bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        self.data.mkdir()
        if self.as_user:
            shutil.chown(self.data, "postgres")
            folder.chmod(0o755)
        self._do("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self.start()

    def _do(self, tool: str, *arguments: object) -> None:
        command = [*self.as_user, self.bin / tool, *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-p {self.port} -k /tmp -c listen_addresses=127.0.0.1 -c max_connections=200"
        self._do("pg_ctl", "-D", self.data, "-w", "-l", self.data / "log", "-o", options, "start")
        meter.servers.add(self.pid)

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self._do("pg_ctl", "-D", self.data, "-m", "fast", "stop")

    def cut(self) -> None:
        """End all connections but this one."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )


class Redis:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = f"redis-server --port {self.port} --bind 127.0.0.1 --appendonly yes --dir {self.folder}"
        self.process = subprocess.Popen(shlex.split(command), stdout=subprocess.DEVNULL)
        wait_for(self._answers)

    def _answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(redis.Redis.from_url(self.url).ping())
        return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Site:
    """The processes of an installation: those of deploy/compose.yaml, or one `up`."""

    def __init__(self, folder: Path, names: list[str], **environment: str) -> None:
        self.folder, self.names, self.port = folder, names, free_port()
        self.environment = {**os.environ, **SECRETS, "LOG_LEVEL": "INFO", "TMPDIR": str(folder), **environment}
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def manage(self, *arguments: str) -> None:
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, check=True)

    def command(self, name: str) -> str:
        """What Python runs as a process."""
        if name == "up":
            return f"manage.py up --port {self.port}"
        command: str = SERVICES[name]["command"]
        return "-m " + command.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}")

    def start(self, name: str) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *shlex.split(self.command(name))],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_all(self) -> None:
        for name in self.names:
            self.start(name)
        wait_for(lambda: self.readiness()[0] == 200)

    def kill(self, name: str) -> None:
        meter.orphaned += cpu_seconds(children_of(self.processes[name].pid))
        with suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def end(self) -> None:
        for name in self.processes:
            self.kill(name)

    def readiness(self) -> tuple[int, float]:
        """The status of /readyz (0: no answer) and the seconds it took."""
        began = time.monotonic()
        try:
            status = requests.get(f"{self.url}/readyz", timeout=5).status_code
        except requests.RequestException:
            status = 0
        return status, time.monotonic() - began

    def log_lines(self) -> int:
        return sum(path.read_bytes().count(b"\n") for path in self.folder.glob("*.log"))


@dataclass(frozen=True)
class Installation:
    site: Site
    postgres: Postgres | None

    def query(self, sql: str) -> list[tuple]:
        """What an SQL query finds in the database."""
        url = self.site.environment["DATABASE_URL"]
        if self.postgres:
            with psycopg.connect(url) as connection:
                return connection.execute(sql).fetchall()
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as connection:
            return connection.execute(sql).fetchall()


@contextmanager
def installed(processes: list[str], seed: str, meta_url: str, kind: type[Site] = Site) -> Iterator[Installation]:
    """These processes, ready: an `up` on SQLite, others on a PostgreSQL and a Redis of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="installed-")))
        postgres = broker = None
        if processes != ["up"]:
            postgres, broker = Postgres(folder), Redis(folder)
            stack.callback(postgres.stop)
            stack.callback(broker.stop)
        site = kind(
            folder,
            processes,
            DATABASE_URL=postgres.url if postgres else f"sqlite:///{folder}/chatbot.db",
            REDIS_URL=broker.url if broker else "",
            META_GRAPH_URL=meta_url,
            MEDIA_ROOT=str(folder / "media"),
            BACKUP_DIR=str(folder / "backups"),
        )
        stack.callback(site.end)
        site.manage("migrate", "--verbosity", "0")
        site.manage("shell", "--verbosity", "0", "--command", seed)
        site.start_all()
        yield Installation(site, postgres)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
