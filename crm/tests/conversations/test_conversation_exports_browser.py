"""A large number is exported in a real browser: from the number's page to the file."""

from pathlib import Path

import pytest
from django.urls import reverse

from accounts.jobs.job import advance
from accounts.testing import make_owner
from crm.conversations import export_job, export_writer, exports
from crm.models import ConversationExport
from crm.testing import make_conversation, make_message
from whatsapp.testing import make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner():
    return make_owner(language="ru")


@pytest.fixture
def number(owner, monkeypatch):
    """Four conversations with a message each are much, and are written when the test says so, one after another."""
    monkeypatch.setattr(exports, "MAX_DOWNLOAD", 1)
    monkeypatch.setattr(export_writer, "CONVERSATION_BATCH", 1)
    monkeypatch.setattr(exports, "wake", lambda job: None)
    number = make_number(owner.business)
    for serial in range(4):
        make_message(make_conversation(number), f"Привет {serial}")
    return number


@pytest.fixture
def open_page(open_page, owner):
    """Opens an address as the owner."""
    return lambda address, **options: open_page(owner, address, **options)


def write_some(parts):
    export = ConversationExport.objects.get()
    for _part in range(parts):
        advance(export_job.JOB, export, 0)


def test_the_bar_moves_by_itself_until_the_file_can_be_downloaded(open_page, number):
    page = open_page(reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk]))
    page.click(f"a[href='{reverse('admin:crm_conversation_exports', args=[number.pk])}']")
    page.get_by_text("Выгрузить диалоги (CSV)").click()
    page.locator("progress[value='0'][max='4']").wait_for()

    write_some(2)
    page.locator("progress[value='2'][max='4']").wait_for(timeout=10_000)

    write_some(3)
    link = page.locator(".exports a.button")
    link.wait_for(timeout=10_000)
    with page.expect_download() as download:
        link.click()

    digits = number.phone_number.lstrip("+")
    assert download.value.suggested_filename == f"conversations-{digits}-4-conversations-4-messages.csv"
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert [line.split(";")[7] for line in text.splitlines()[1:-1]] == [f"Привет {serial}" for serial in range(4)]


def test_without_scripts_the_page_reloads_itself(open_page, number, live_server):
    page = open_page(
        reverse("admin:crm_export_conversations", args=[number.pk]) + "?as=jsonl", java_script_enabled=False
    )
    page.locator("progress").wait_for()

    write_some(5)

    page.locator(".exports a.button").wait_for(timeout=15_000)
