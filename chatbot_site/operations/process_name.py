"""The name of a process in PostgreSQL's list of connections (pg_stat_activity)."""

from pathlib import Path

PREFIX = "chatbot_site "

#: The roles of Celery's processes.
CELERY = ("worker", "beat")


def process_name(argv: list[str]) -> str:
    """The name of the process with these arguments: its role (web, worker, beat, a command) after PREFIX."""
    path = Path(argv[0] or "python")
    program = path.parent.name if path.stem == "__main__" else path.stem
    if program == "gunicorn":
        program = "web"
    elif program == "celery":
        program = next((role for role in CELERY if role in argv), program)
    elif program == "manage" and len(argv) > 1:
        program = argv[1]
    return PREFIX + program
