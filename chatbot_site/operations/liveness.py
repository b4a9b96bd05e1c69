"""
Whether a process of this machine lives, by the time of a file that it touches every few seconds. A service's health
check runs this module as a program: `python chatbot_site/operations/liveness.py worker`. It imports the standard
library alone, so that it costs little, and asks neither Redis nor another service.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

#: A process that has not touched its file for so many seconds is dead or hangs.
MAX_AGE = 60.0


def folder() -> Path:
    """This user's folder of such files, in the system's folder for temporary files (TMPDIR)."""
    return Path(tempfile.gettempdir()) / f"chatbot-liveness-{os.getuid() if hasattr(os, 'getuid') else 0}"


def name_of_worker(hostname: str) -> str:
    """The name of a worker without its machine: `worker` of `worker@web-1`."""
    return hostname.partition("@")[0]


def show(name: str) -> None:
    """Show that this process lives. It goes on although the disk is full or the folder is another user's."""
    try:
        folder().mkdir(mode=0o700, exist_ok=True)
        (folder() / name).touch()
    except OSError:
        return


def age(name: str) -> float | None:
    """Seconds since a process of this name showed that it lives; None when it never did."""
    try:
        return max(0.0, time.time() - (folder() / name).stat().st_mtime)
    except FileNotFoundError:
        return None


def main(name: str) -> int:
    since = age(name)
    if since is None:
        print(f"{name} has not started on this machine.")
        return 1
    print(f"{name} was last seen {since:.0f} s ago.")
    return 0 if since <= MAX_AGE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
