"""What the first `up` writes into .env, and what the demo decides."""

import re
import sys

import pytest
from cryptography.fernet import Fernet

from chatbot_site.operations import environment

ROOT = environment.BASE_DIR


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A fresh clone's folder and an environment that says nothing."""
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(environment, "BASE_DIR", tmp_path)
    said = {}
    monkeypatch.setattr("os.environ", said)
    monkeypatch.setattr(environment.Env, "ENVIRON", said)
    return tmp_path


def written(folder):
    return environment.read_values((folder / ".env").read_text(encoding="utf-8"))


def test_the_first_start_makes_fresh_secrets(folder):
    environment.prepare([])
    values = written(folder)
    assert len(values["SECRET_KEY"]) >= 50
    assert Fernet(values["FIELD_KEYS"])
    assert values["META_VERIFY_TOKEN"]


def test_two_installations_have_different_secrets(folder):
    environment.prepare([])
    first = written(folder)
    (folder / ".env").unlink()
    environment.os.environ.clear()
    environment.prepare([])
    assert written(folder)["SECRET_KEY"] != first["SECRET_KEY"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights in another way")
def test_only_the_owner_may_read_the_secrets(folder):
    environment.prepare([])
    assert (folder / ".env").stat().st_mode & 0o077 == 0


def test_the_second_start_changes_nothing(folder):
    environment.prepare([])
    before = (folder / ".env").read_bytes()
    environment.os.environ.clear()
    environment.prepare([])
    assert (folder / ".env").read_bytes() == before


def test_an_env_file_without_secrets_is_completed_and_keeps_its_lines(folder):
    (folder / ".env").write_text("# mine\nSECRET_KEY=\nTIME_ZONE=Asia/Omsk\n", encoding="utf-8")
    environment.prepare([])
    assert written(folder)["SECRET_KEY"]
    assert Fernet(written(folder)["FIELD_KEYS"])
    assert (folder / ".env").read_text(encoding="utf-8").startswith("# mine\nSECRET_KEY=")
    assert written(folder)["TIME_ZONE"] == "Asia/Omsk"


def test_nothing_is_written_when_the_environment_has_the_secrets(folder):
    environment.os.environ.update(SECRET_KEY="a", FIELD_KEYS="b", META_VERIFY_TOKEN="c")
    environment.prepare([])
    assert not (folder / ".env").exists()


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(SystemExit) as stop:
        environment.prepare([])
    assert f"Cannot write {folder / '.env'}: Permission denied." in str(stop.value)
    assert not (folder / ".env").exists()


def test_an_env_file_in_another_encoding_is_said_in_one_sentence(folder):
    (folder / ".env").write_bytes("# Секреты\n".encode("cp1251"))
    with pytest.raises(SystemExit, match="UTF-8"):
        environment.prepare([])


def test_an_empty_secret_in_quotes_is_none(folder):
    (folder / ".env").write_text('SECRET_KEY=""\n', encoding="utf-8")
    environment.prepare([])
    assert len(written(folder)["SECRET_KEY"]) >= 50


def test_the_demo_never_touches_a_real_database_worker_or_number(folder):
    environment.os.environ.update(
        DATABASE_URL="postgres://real", REDIS_URL="redis://real", META_GRAPH_URL="https://graph.facebook.com"
    )
    environment.prepare(["--demo", "--port", "9000"])
    assert environment.os.environ["DATABASE_URL"] == "sqlite:///demo.db"
    assert environment.os.environ["REDIS_URL"] == ""
    assert environment.os.environ["META_GRAPH_URL"] == "http://127.0.0.1:9001"


def test_the_demo_is_local_whatever_the_env_file_says(folder):
    (folder / ".env").write_text("PUBLIC_URL=https://chat.example.com\n", encoding="utf-8")
    environment.prepare(["--demo"])
    assert environment.os.environ["PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_without_the_demo_the_env_file_says_where_the_site_is(folder):
    (folder / ".env").write_text("PUBLIC_URL=https://chat.example.com\n", encoding="utf-8")
    environment.prepare(["--port", "9000"])
    assert environment.os.environ["PUBLIC_URL"] == "https://chat.example.com"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("shop.local", "http://shop.local:80"),
    ],
)
def test_a_browser_here_finds_the_server_at(host, url):
    assert environment.local_url(host, 80) == url


@pytest.mark.parametrize("port", ["0", "65535", "-1", "web", "80.5"])
def test_an_impossible_port_is_refused(folder, port, capsys):
    with pytest.raises(SystemExit):
        environment.prepare(["--port", port])
    assert "a port is a number from 1 to 65534" in capsys.readouterr().err


def test_the_example_lists_every_variable_of_the_settings_with_a_comment_above():
    settings = (ROOT / "chatbot_site" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings)) - {"READ_DOT_ENV"}
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    listed = {}
    for above, line in zip(lines, lines[1:], strict=False):
        if match := re.match(r"#?([A-Z_]+)=", line):
            listed[match[1]] = above
    assert set(listed) == read
    assert all(above.startswith("# ") for above in listed.values())


def test_the_defaults_in_the_example_are_those_of_the_settings():
    settings = (ROOT / "chatbot_site" / "settings.py").read_text(encoding="utf-8")
    for name, default in re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text("utf-8"), re.M):
        arguments = re.search(rf'env\.\w+\(\s*"{name}"(.*?)\)', settings)[1]
        stated = re.search("default=(.*)|$", arguments)[1] or ""
        assert stated.strip('"').lower() == default.lower(), name
