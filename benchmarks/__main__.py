"""
All benchmarks, one after another: `python -m benchmarks [WORDS …] [--json FILE] [--whole]`. Words choose those whose
names hold one of them. Where the environment names no PostgreSQL or no Redis, they get servers of their own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from .installation import Postgres, Redis
from .measuring import RESULTS

#: In the order in which they run: from what takes a minute to what takes long.
BENCHMARKS = [
    "patterns",
    "journeys",
    "webhook",
    "statuses",
    "recording",
    "bot_turn",
    "answered",
    "claims",
    "at_rest",
    "planning",
    "broadcast",
    "lists",
    "inbox",
    "chaos",
    "outages",
    "fairness",
    "deletion",
]


def services(stack: ExitStack) -> dict[str, str]:
    """The environment with a PostgreSQL and a Redis, of this run where there were none."""
    environment = dict(os.environ)
    if not environment.get("DATABASE_URL", "").startswith("postgres"):
        postgres = Postgres(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-"))))
        stack.callback(postgres.stop)
        environment["DATABASE_URL"] = postgres.url
    if not environment.get("REDIS_URL"):
        redis = Redis(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-"))))
        stack.callback(redis.stop)
        environment["REDIS_URL"] = redis.url
    return environment


def run(name: str, environment: dict[str, str], whole: bool) -> dict:
    """What one benchmark printed goes to the terminal; what it found is returned."""
    print(f"\n=== {name}", flush=True)
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as found:
        command = [sys.executable, "-m", f"benchmarks.{name}", *["--whole"] * whole]
        ended = subprocess.run(command, env={**environment, RESULTS: found.name})
        results = [json.loads(line) for line in found]
    if ended.returncode:
        print(f"{name} ended with {ended.returncode}.", flush=True)
    return {"benchmark": name, "exit_status": ended.returncode, "results": results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="Only the benchmarks whose names hold one of these.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="Where the results go.")
    parser.add_argument("--whole", action="store_true", help="However long each takes, instead of a few minutes.")
    options = parser.parse_args()
    words = options.words or [""]
    chosen = [name for name in BENCHMARKS if any(word in name for word in words)]
    with ExitStack() as stack:
        environment = services(stack)
        found = [run(name, environment, options.whole) for name in chosen]
    if options.json:
        machine = {"system": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()}
        report = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "benchmarks": found}
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
