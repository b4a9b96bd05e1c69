"""The Russian catalogues: complete, compiled, and in step with the code."""

import re
import shutil
import subprocess
import sys

import polib
import pytest

from chatbot_site.operations.environment import BASE_DIR

APPS = ("accounts", "whatsapp", "crm", "bots", "broadcasts", "chatbot_site")
CATALOGUES = sorted(path for app in APPS for path in (BASE_DIR / app).glob("locale/ru/LC_MESSAGES/django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")

each_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-5])


def translations(catalogue):
    """What a catalogue says, without comments and order."""
    return {
        (entry.msgctxt, entry.msgid, entry.msgid_plural): entry.msgstr_plural or entry.msgstr
        for entry in catalogue
        if not entry.obsolete
    }


@each_catalogue
def test_every_string_is_translated(path):
    catalogue = polib.pofile(path)
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []


@each_catalogue
def test_translations_keep_the_placeholders(path):
    for entry in polib.pofile(path):
        allowed = [sorted(PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgid_plural) if text]
        for text in entry.msgstr_plural.values() or [entry.msgstr]:
            assert sorted(PLACEHOLDER.findall(text)) in allowed, entry.msgid


@each_catalogue
def test_the_compiled_catalogue_is_that_of_the_text(path):
    assert translations(polib.mofile(path.with_suffix(".mo"))) == translations(polib.pofile(path))


def test_a_string_is_translated_alike_in_all_apps():
    """Django merges the catalogues: of two translations one would be lost."""
    known = {}
    for path in CATALOGUES:
        for key, translation in translations(polib.pofile(path)).items():
            assert known.setdefault(key, translation) == translation, key


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext")
@pytest.mark.skipif(not CATALOGUES, reason="needs the catalogues")
def test_the_catalogues_hold_the_strings_of_the_code(tmp_path):
    for app in APPS:
        shutil.copytree(BASE_DIR / app, tmp_path / app, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        (tmp_path / app / "locale").mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", "ru", "--no-location"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    fresh = {message for path in CATALOGUES for message in msgids(tmp_path / path.relative_to(BASE_DIR))}
    known = {message for path in CATALOGUES for message in msgids(path)}
    assert sorted(fresh - known) == []
    assert sorted(known - fresh) == []


def msgids(path):
    return {(path.parts[-5], entry.msgid) for entry in polib.pofile(path) if not entry.obsolete}
