"""Files of customers: fetched from Meta after their message came."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.utils import timezone

from accounts.testing import work_off
from crm.media import transfers
from crm.models import MediaFile, Message
from crm.testing import make_expected
from whatsapp.graph import client, media_transfer
from whatsapp.graph.client import CloudApi
from whatsapp.simulator.media import Media
from whatsapp.testing import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture
def connected(meta, number):
    meta.connect(number)
    return number


def stored_files():
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def fetch(media):
    work_off(transfers.JOB)
    media.refresh_from_db()
    return media


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_comes_in_is_stored(connected, meta):
    meta.customer_sends_file(connected, "+79161234567", PNG, "image/png", caption="This one")

    meta.deliver_webhooks()

    media = MediaFile.objects.get()
    assert (media.state, media.mime, media.size, media.file.read()) == ("stored", "image/png", len(PNG), PNG)
    assert (media.message.text, media.message.type, media.business) == ("This one", "image", connected.business)


@pytest.mark.django_db(transaction=True)
def test_a_document_keeps_its_name_but_not_on_the_disk(connected, meta):
    meta.customer_sends_file(connected, "+79161234567", b"%PDF-1.4", "application/pdf", "../../Договор.pdf")

    meta.deliver_webhooks()

    media = MediaFile.objects.get()
    assert media.download_name == "Договор.pdf"
    assert media.file.name.startswith(f"business-{connected.business_id}/")
    assert "pdf" not in media.file.name


@pytest.mark.django_db(transaction=True)
def test_a_webhook_that_comes_twice_has_one_file(connected, meta):
    meta.simulator.courier.copies = 2
    meta.customer_sends_file(connected, "+79161234567", PNG, "image/png")

    meta.deliver_webhooks()

    assert MediaFile.objects.count() == len(
        [r for r in meta.requests if r.path.endswith(MediaFile.objects.get().meta_id)]
    )


def test_a_message_is_kept_when_meta_is_down_and_its_file_comes_later(connected, meta, settings):
    media = make_expected(connected, meta.simulator.add_media(PNG, "image/png"))
    up, settings.META_GRAPH_URL = settings.META_GRAPH_URL, "http://127.0.0.1:9"

    fetch(media)
    assert (media.state, media.problem[:4]) == ("waiting", "Meta")
    assert media.due_at > timezone.now()
    settings.META_GRAPH_URL = up
    MediaFile.objects.update(due_at=timezone.now())

    assert fetch(media).state == "stored"


def test_a_file_waits_while_the_token_of_its_number_cannot_be_read(connected, meta, settings):
    media = make_expected(connected, meta.simulator.add_media(PNG, "image/png"))
    right, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]

    fetch(media)
    assert (media.state, meta.requests) == ("waiting", [])
    connected.refresh_from_db()
    assert "FIELD_KEYS" in connected.problem
    settings.FIELD_KEYS = right
    MediaFile.objects.update(due_at=timezone.now())

    assert fetch(media).state == "stored"


def test_a_file_that_meta_does_not_have_is_given_up(connected, meta):
    media = fetch(make_expected(connected, Media(PNG, "image/png")))

    assert (media.state, media.due_at) == ("failed", None)
    assert "does not have this file" in media.problem


def test_after_seven_days_it_is_given_up(connected, meta, settings):
    media = make_expected(connected, meta.simulator.add_media(PNG, "image/png"))
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    MediaFile.objects.update(created_at=timezone.now() - timedelta(days=7))

    assert fetch(media).state == "failed"


def test_a_file_that_is_too_large_is_given_up_and_leaves_nothing(connected, meta, monkeypatch):
    monkeypatch.setattr(transfers, "MAX_FILE_SIZE", len(PNG) - 1)
    before = stored_files()

    media = fetch(make_expected(connected, meta.simulator.add_media(PNG, "image/png")))

    assert (media.state, media.problem) == ("failed", "The file is larger than WhatsApp carries.")
    assert stored_files() == before


def test_a_file_that_drips_is_left(connected, meta, monkeypatch):
    monkeypatch.setattr(client, "FILE_TIMEOUT", -1)

    media = fetch(make_expected(connected, meta.simulator.add_media(PNG, "image/png")))

    assert (media.state, media.problem[:27]) == ("waiting", "The file did not pass compl")


def test_a_damaged_file_is_not_kept(connected, meta, monkeypatch):
    monkeypatch.setattr(Media, "sha256", "0" * 64)
    before = stored_files()

    media = fetch(make_expected(connected, meta.simulator.add_media(PNG, "image/png")))

    assert (media.state, media.problem) == ("waiting", "The file was damaged on its way.")
    assert stored_files() == before


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", True),
        ("https://mmg.whatsapp.net/a", True),
        ("http://lookaside.fbsbx.com/a", False),
        ("https://fbsbx.com.example.com/a", False),
        ("https://evilfbsbx.com/a", False),
        ("https://me@lookaside.fbsbx.com/a", False),
        ("https://lookaside.fbsbx.com:8443/a", False),
        ("https://lookaside.fbsbx.com:x/a", False),
        ("http://169.254.169.254/latest/meta-data/", False),
        ("http://127.0.0.1:9/a", True),
        ("http://127.0.0.1:10/a", False),
        ("", False),
    ],
)
def test_only_metas_addresses_are_asked(settings, url, trusted):
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    assert media_transfer.is_meta_url(url) is trusted


def test_a_file_elsewhere_is_not_asked_for(connected, meta, monkeypatch):
    monkeypatch.setattr(Media, "as_node", lambda self, base_url: {"url": "http://127.0.0.1:9/secret", "id": self.id})

    media = fetch(make_expected(connected, meta.simulator.add_media(PNG, "image/png")))

    assert media.state == "waiting"


def test_a_killed_worker_leaves_the_file_to_the_next(connected, meta):
    media = make_expected(connected, meta.simulator.add_media(PNG, "image/png"))
    transfers.JOB.claim()

    assert transfers.JOB.claim() is None
    transfers.JOB.give_back()

    assert fetch(media).state == "stored"


def test_a_file_is_fetched_while_the_number_is_off(connected, meta):
    connected.is_active = False
    connected.save()

    assert fetch(make_expected(connected, meta.simulator.add_media(PNG, "image/png"))).state == "stored"


def test_a_file_whose_message_goes_meanwhile_leaves_nothing(connected, meta, monkeypatch):
    media = make_expected(connected, meta.simulator.add_media(PNG, "image/png"))
    before = stored_files()

    def download_slowly(*args):
        Message.objects.all().delete()
        return download(*args)

    download = CloudApi.download
    monkeypatch.setattr(CloudApi, "download", download_slowly)
    work_off(transfers.JOB)

    assert not MediaFile.objects.filter(pk=media.pk).exists()
    assert stored_files() == before
