"""What `manage.py up` needs in its environment before Django reads the settings: `.env`, and the demo's own values."""

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet
from django.utils.translation import gettext_lazy
from environ import Env

BASE_DIR = Path(__file__).resolve().parents[2]

#: How the first `up` makes each secret. A SECRET_KEY by Django may start with $, which .env takes for a reference.
SECRETS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_KEYS": lambda: Fernet.generate_key().decode(),
    "META_VERIFY_TOKEN": lambda: secrets.token_urlsafe(24),
}

HELP = {
    "demo": gettext_lazy("Try it with a demo business and a stand-in for WhatsApp."),
    "host": gettext_lazy("The address to listen on (default: 127.0.0.1)."),
    "port": gettext_lazy("The port to listen on (default: 8000)."),
}


def add_arguments(parser: argparse.ArgumentParser, with_help: bool = False) -> None:
    """Add the arguments of `up`. Their help is translated, for which the settings must be read already."""
    texts = {name: str(text) if with_help else None for name, text in HELP.items()}
    parser.add_argument("--demo", action="store_true", help=texts["demo"])
    parser.add_argument("--host", default="127.0.0.1", help=texts["host"])
    parser.add_argument("--port", type=_port, default=8000, help=texts["port"])


def _port(text: str) -> int:
    """A port that leaves room for the simulator's, which is the next one."""
    if not text.isdecimal() or not 1 <= int(text) < 65535:
        raise argparse.ArgumentTypeError("порт — число от 1 до 65534 / a port is a number from 1 to 65534")
    return int(text)


def prepare(argv: Sequence[str]) -> None:
    """
    Complete the environment of `up`: fresh secrets where there are none, and what `--demo` decides. Its messages are
    in both languages, since the settings are not read yet.
    """
    parser = argparse.ArgumentParser(add_help=False, prog="manage.py up")
    add_arguments(parser)
    options, _ = parser.parse_known_args(argv)
    if options.demo:
        _set_demo(options.host, options.port)
    path = BASE_DIR / ".env"
    try:
        _make_secrets(path)
    except OSError as error:
        sys.exit(
            f"Не удаётся записать {path}. Перенесите проект в папку, в которую вам можно писать.\n"
            f"Cannot write {path}: {error.strerror}. Move the project to a folder that you may write to."
        )
    except UnicodeDecodeError:
        sys.exit(
            f"Файл {path} не в кодировке UTF-8. Сохраните его в редакторе с кодировкой UTF-8.\n"
            f"Cannot read {path}: it is not UTF-8. Save it in your editor with the encoding UTF-8."
        )
    Env.read_env(path)
    os.environ["PUBLIC_URL"] = os.environ.get("PUBLIC_URL") or local_url(options.host, options.port)


def _set_demo(host: str, port: int) -> None:
    """Set the demo's values before all others: it never touches a real database, worker, number, file or mailbox."""
    os.environ.update(
        DATABASE_URL="sqlite:///demo.db",
        REDIS_URL="",
        EMAIL_URL="consolemail://",
        META_GRAPH_URL=f"http://127.0.0.1:{port + 1}",
        META_PROXY="",
        MEDIA_ROOT="demo_media",
    )
    os.environ.setdefault("PUBLIC_URL", local_url(host, port))


def local_url(host: str, port: int) -> str:
    """Where a browser on this computer finds a server that listens on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


def _make_secrets(path: Path) -> None:
    """Write the secrets that neither the environment nor `.env` has into `.env`, a copy of .env.example at first."""
    source = path if path.exists() else BASE_DIR / ".env.example"
    text = source.read_text(encoding="utf-8")
    known = {**read_values(text), **{name: value for name, value in os.environ.items() if value}}
    missing = {name: make() for name, make in SECRETS.items() if not known.get(name)}
    if missing:
        _write_private(path, _with_values(text, missing))


def read_values(text: str) -> dict[str, str]:
    """The variables that a dotenv text sets."""
    lines = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {
        name.removeprefix("export ").strip(): value.strip().strip("\"'") for name, equals, value in lines if equals
    }


def _with_values(text: str, values: dict[str, str]) -> str:
    """A dotenv text with these variables set: each in its own line if there is one, or at the end."""
    values = dict(values)
    lines = []
    for line in text.splitlines():
        name = line.partition("=")[0].strip()
        lines.append(f"{name}={values.pop(name)}" if name in values else line)
    lines += [f"{name}={value}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one step by one that only its owner may read (where the system has owners)."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
