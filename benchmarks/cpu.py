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
        self._restart()

    def _restart(self) -> None:
        self._began, (self._ours, self._others) = time.monotonic(), self._used()

    def _used(self) -> tuple[float, float]:
        """Ours and others'. The first process of all inherits what is killed, ours too: it is neither."""
        processes, roots = _processes(), {os.getpid(), *self.servers}
        ours = {pid for pid in processes if _descends(pid, roots, processes)}
        others = processes.keys() - ours - {1}
        return sum(processes[pid].seconds for pid in ours), sum(processes[pid].seconds for pid in others)

    def read(self) -> Reading:
        seconds, (ours, others) = time.monotonic() - self._began, self._used()
        share = max(0.0, others - self._others) / seconds / (os.cpu_count() or 1)
        reading = Reading(seconds, max(0.0, ours - self._ours), share)
        self._restart()
        return reading


def _servers() -> Iterable[int]:
    """Those that the environment names, where they run on this machine."""
    database_url, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    with suppress(psycopg.Error, KeyError):
        if database_url.startswith("postgres"):
            yield postgresql_server(database_url)
    with suppress(redis.RedisError):
        if redis_url:
            yield redis.Redis.from_url(redis_url).info("server")["process_id"]
