"""
What one `up` on an existing SQLite database costs while nothing happens: CPU until it is ready, CPU of a minute at
rest, memory after it. Linux. `--whole` rests for three minutes instead of one.
"""

import argparse
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from .installation import Site
from .measuring import table
from .outages import SEED
from .webhook import NUMBER, SECRET

#: How often it is started.
STARTS = 3
#: Seconds after a start that still belong to it, and of one measurement at rest.
SETTLING, RESTING = 8, 60


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(pid: int) -> float:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@contextmanager
def installed():
    with tempfile.TemporaryDirectory(prefix="at-rest-") as folder:
        site = Site(
            Path(folder),
            ["up"],
            DATABASE_URL=f"sqlite:///{folder}/chatbot.db",
            REDIS_URL="",
            META_GRAPH_URL="http://127.0.0.1:9",
            MEDIA_ROOT=f"{folder}/media",
            BACKUP_DIR=f"{folder}/backups",
        )
        site.manage("migrate", "--verbosity", "0")
        site.manage("shell", "--verbosity", "0", "--command", SEED.format(secret=SECRET, number=NUMBER))
        try:
            yield site
        finally:
            site.end()


def until_ready(site: Site) -> float:
    site.start_all()
    return cpu_seconds(site.processes["up"].pid)


def at_rest(site: Site) -> float:
    """The part of a processor that is used, in percent."""
    pid = site.processes["up"].pid
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(RESTING)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began) * 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", action="store_true", help="Rest for three minutes.")
    options = parser.parse_args()
    with installed() as site:
        starts = [until_ready(site)]
        while len(starts) < STARTS:
            site.kill("up")
            starts.append(until_ready(site))
        time.sleep(SETTLING)
        rests = [at_rest(site) for _ in range(3 if options.whole else 1)]
        memory = megabytes(site.processes["up"].pid)
    lines = [
        ("idle: CPU of a core", "≤ 0.5 %", "", f"{statistics.median(rests):.2f} %", ""),
        ("ready on an existing database: CPU", "≤ 1.3 s", "", f"{statistics.median(starts):.2f} s", ""),
        ("memory", "≤ 110 MB", "", f"{memory:.0f} MB", ""),
    ]
    table("One `up` at rest on SQLite", lines, rounds=STARTS)


if __name__ == "__main__":
    main()
