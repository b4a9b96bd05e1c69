"""What is large and of no use to an installation on SQLite is not imported: each command would wait for it."""

import subprocess
import sys

import pytest

from chatbot_site.operations.environment import BASE_DIR

pytestmark = [pytest.mark.processes, pytest.mark.sqlite]

#: What imports all that a start of `up` needs, and says which of the modules it was given are there.
SCRIPT = """
import sys, django
django.setup()
import chatbot_site.urls, chatbot_site.wsgi, chatbot_site.management.commands.up
from chatbot_site.celery import app
app.loader.import_default_modules()
from chatbot_site.operations.backups import migration_state
migration_state.unknown([])
print(*sorted(sys.modules.keys() & set(sys.argv[1:])))
"""

LARGE = [
    "aiohttp",
    "openpyxl",
    "psycopg",
    "puremagic",
    "redis",
    "whatsapp.simulator",
]


def test_nothing_large_is_imported_before_it_is_needed():
    imported = subprocess.run(
        [sys.executable, "-c", SCRIPT, *LARGE], cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    assert imported.stdout.split() == []
