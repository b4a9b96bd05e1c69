"""What processes use of the processors, and whether others used them meanwhile. Linux; elsewhere nothing is known."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis


class _Process(NamedTuple):
    parent: int
    #: With what its ended children have used, which the kernel adds when they are waited for.
    seconds: float


def _processes() -> dict[int, _Process]:
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks = sum(map(int, fields[11:15]))
        found[int(stat.parent.name)] = _Process(int(fields[1]), ticks / os.sysconf("SC_CLK_TCK"))
    return found


def _descends(pid: int, roots: set[int], processes: dict[int, _Process]) -> bool:
    while pid in processes:
        if pid in roots:
            return True
        pid = processes[pid].parent
    return False


def cpu_seconds(roots: Iterable[int]) -> float:
    """What these processes and their descendants have used."""
    processes, roots = _processes(), set(roots)
    return sum(process.seconds for pid, process in processes.items() if _descends(pid, roots, processes))


def postgresql_server(url: str) -> int:
    """The process of a server on this machine, of which its connections' processes are children."""
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
    return _processes()[backend].parent


def children_of(pid: int) -> list[int]:
    return [child for child, process in _processes().items() if process.parent == pid]


def _busy_seconds() -> float:
    """What everything on this machine has used, and what its host gave to others meanwhile."""
    with suppress(OSError):
        user, nice, system, _idle, _iowait, irq, softirq, steal, *_guests = map(
            int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        )
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Reading(NamedTuple):
    seconds: float
    #: Of this process, its descendants, and the servers that work for it.
    cpu_seconds: float
    #: The part of all processors that others used.
    others: float


class Meter:
    """Reads what was used since it was made, or since it was read before."""

    def __init__(self) -> None:
        #: Servers that work for us, and are no children of this process.
        self.servers = set(_servers())
        #: What processes used whose parents were killed, so that nobody of ours waits for them.
        self.orphaned = 0.0
        self._restart()

    def _restart(self) -> None:
        self._began, self._ours, self._busy = time.monotonic(), self._used(), _busy_seconds()

    def _used(self) -> float:
        return cpu_seconds({os.getpid(), *self.servers}) + self.orphaned

    def read(self) -> Reading:
        seconds, ours, busy = time.monotonic() - self._began, self._used() - self._ours, _busy_seconds() - self._busy
        share = max(0.0, busy - ours) / seconds / (os.cpu_count() or 1)
        self._restart()
        return Reading(seconds, max(0.0, ours), share)


def _servers() -> Iterable[int]:
    """Those that the environment names, where they run on this machine."""
    database_url, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    with suppress(psycopg.Error, KeyError):
        if database_url.startswith("postgres"):
            yield postgresql_server(database_url)
    with suppress(redis.RedisError):
        if redis_url:
            yield redis.Redis.from_url(redis_url).info("server")["process_id"]
