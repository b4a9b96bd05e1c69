"""Files of ours: stored, uploaded to Meta, and then their message goes out."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation

from accounts.refusals import Refusal
from accounts.testing import work_off
from crm.conversations import outbox
from crm.media import transfers
from crm.models import MediaFile, Message
from crm.testing import make_conversation
from crm.tests.calls import path
from whatsapp.sending import delivery, outcomes
from whatsapp.simulator.graph import faults
from whatsapp.testing import PNG

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n%a small one\n"
OGG = b"OggS\0\2" + bytes(60)


@pytest.fixture
def conversation(meta, number):
    meta.connect(number)
    return make_conversation(number)


def picture(name="cake.png", content=PNG):
    return SimpleUploadedFile(name, content)


def post(api, conversation, key=None, **data):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(path("conversations", conversation.pk, "messages"), data, format="multipart", headers=headers)


def sent(meta, conversation):
    return meta.sent_to(conversation.customer.phone)


def upload_and_deliver(conversation):
    work_off(transfers.JOB)
    delivery.deliver(Message, conversation.whatsapp_number_id)


def due_again():
    MediaFile.objects.filter(due_at__isnull=False).update(due_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_picture_arrives_with_its_caption(api, conversation, meta):
    body = post(api, conversation, media=picture(), caption="Your cake").json()

    [arrived] = sent(meta, conversation)
    assert arrived["image"]["caption"] == "Your cake"
    assert meta.simulator.media[arrived["image"]["id"]].content == PNG
    message = Message.objects.get(pk=body["id"])
    assert (body["type"], body["text"], message.status) == ("image", "Your cake", "accepted")
    assert body["media"] | {"mime": "image/png", "size": len(PNG), "name": "cake.png"} == body["media"]


@pytest.mark.django_db(transaction=True)
def test_a_document_arrives_under_its_name(api, conversation, meta):
    body = post(api, conversation, media=picture('C:\\x\\Счёт "7".pdf', PDF)).json()

    [arrived] = sent(meta, conversation)
    assert arrived["document"]["filename"] == 'Счёт "7".pdf'
    assert (body["text"], body["type"]) == ('Счёт "7".pdf', "document")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(30), "image"),
        ("a.JPEG", b"\xff\xd8\xff\xe1\0\x10Exif\0" + bytes(30), "image"),
        ("a.mp4", b"\0\0\0\x18ftypmp42" + bytes(30), "video"),
        ("a.mp4", b"\0\0\0\x20ftypisom" + bytes(30), "video"),
        ("a.3gp", b"\0\0\0\x14ftyp3gp4" + bytes(30), "video"),
        ("a.mp3", b"ID3\3" + bytes(30), "audio"),
        ("a.m4a", b"\0\0\0\x18ftypM4A " + bytes(30), "audio"),
        ("a.amr", b"#!AMR\n" + bytes(30), "audio"),
        ("a.aac", b"\xff\xf1\x50\x80" + bytes(30), "audio"),
        ("voice.ogg", OGG, "audio"),
        ("a.txt", "Привет".encode("cp1251"), "document"),
        ("a.docx", b"PK\3\4" + bytes(30), "document"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(30), "document"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 " + bytes(30), "sticker"),
    ],
)
def test_the_type_is_known_by_name_and_content(conversation, name, content, kind):
    message = outbox.reply_with_file(conversation, picture(name, content), "", None)

    assert (message.type, message.media.state) == (kind, "stored")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("page.html", b"<p>", "It carries: jpg, jpeg, png"),
        ("picture.svg", b"<svg/>", "It carries"),
        ("program.exe", b"MZ", "It carries"),
        ("noname", PNG, "It carries"),
        ("cake.png", b"<html>", "its content is something else"),
        ("cake.jpg", PNG, "its content is something else"),
        ("letter.txt", b"\0\1\2", "its content is something else"),
        ("cake.png", PNG + bytes(5 * 1024**2), "at most 5.0\xa0MB"),
        ("film.mp4", b"\0\0\0\x18ftypmp42" + bytes(16 * 1024**2), "at most 16.0\xa0MB"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 " + bytes(100 * 1024), "at most 100.0\xa0KB"),
    ],
    ids=range(10),
)
def test_what_whatsapp_does_not_carry_is_refused_with_the_reason(api, conversation, name, content, says):
    response = post(api, conversation, media=picture(name, content))

    assert response.status_code == 400
    assert says in response.json()["media"][0]
    assert not Message.objects.exists()


@translation.override("en")
def test_an_empty_file_is_refused(conversation):
    with pytest.raises(ValidationError, match="empty"):
        outbox.reply_with_file(conversation, picture(content=b""), "", None)


def test_a_caption_that_is_too_long_or_of_a_sound_is_refused(api, conversation):
    assert "1024" in post(api, conversation, media=picture(), caption="x" * 1025).json()["caption"][0]
    assert "no caption" in post(api, conversation, media=picture("a.ogg", OGG), caption="x").json()["caption"][0]


def test_outside_the_window_it_is_refused(api, conversation):
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    response = post(api, conversation, media=picture())

    assert (response.status_code, response.json()["code"]) == (400, "window_closed")


@pytest.mark.parametrize(
    ("given", "paused"), [({}, True), ({"pause_bot": "true"}, True), ({"pause_bot": "false"}, False)]
)
@pytest.mark.parametrize("what", [{"text": "Hello"}, {"media": None}])
def test_a_form_pauses_the_bot_unless_it_says_otherwise(api, conversation, what, given, paused):
    what = {"media": picture()} if "media" in what else what

    assert post(api, conversation, **what, **given).status_code == 201

    conversation.refresh_from_db()
    assert conversation.bot_paused is paused


@pytest.mark.parametrize("text", ["[[", "[x]", "{}", "NaN", "[Shop] {1}"])
def test_a_text_in_a_field_of_a_form_may_look_like_a_document(api, conversation, text):
    response = post(api, conversation, text=text)

    assert (response.status_code, response.json()["text"]) == (201, text)


def test_a_form_that_names_a_template_is_refused(api, conversation):
    response = post(api, conversation, template="1", parameters='{"1": "Anna"}')

    assert (response.status_code, set(response.json())) == (400, {"template", "parameters"})


def test_a_file_and_a_text_at_once_are_refused(api, conversation):
    assert "text" in post(api, conversation, media=picture(), text="Hello").json()


def test_a_repeated_request_stores_one_file(api, conversation):
    first = post(api, conversation, key="1", media=picture()).json()
    second = post(api, conversation, key="1", media=picture()).json()

    assert first["id"] == second["id"]
    assert MediaFile.objects.count() == 1


def test_the_same_key_with_another_file_is_refused(api, conversation):
    post(api, conversation, key="1", media=picture())

    assert post(api, conversation, key="1", media=picture(content=PNG + b"1")).status_code == 422


def test_it_waits_while_meta_is_down_and_what_comes_after_it_too(conversation, meta, settings):
    outbox.reply_with_file(conversation, picture(), "", None)
    outbox.reply(conversation, "Like it?", None)
    up, settings.META_GRAPH_URL = settings.META_GRAPH_URL, "http://127.0.0.1:9"
    upload_and_deliver(conversation)
    settings.META_GRAPH_URL = up
    delivery.deliver(Message, conversation.whatsapp_number_id)
    assert sent(meta, conversation) == []

    due_again()
    upload_and_deliver(conversation)

    assert [content["type"] for content in sent(meta, conversation)] == ["image", "text"]


def test_it_waits_while_the_token_of_the_number_cannot_be_read(conversation, meta, settings):
    right, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    outbox.reply_with_file(conversation, picture(), "", None)
    upload_and_deliver(conversation)
    assert meta.requests == []
    settings.FIELD_KEYS = right

    due_again()
    upload_and_deliver(conversation)

    assert [content["type"] for content in sent(meta, conversation)] == ["image"]


def test_a_worker_killed_after_the_upload_sends_once(conversation, meta, monkeypatch):
    outbox.reply_with_file(conversation, picture(), "", None)
    with monkeypatch.context() as patch:
        patch.setattr(transfers, "_release_message", lambda media, meta_id: None)
        work_off(transfers.JOB)
    transfers.JOB.give_back()

    upload_and_deliver(conversation)
    upload_and_deliver(conversation)

    assert len(meta.simulator.media) == 2
    assert len(sent(meta, conversation)) == 1


def test_what_meta_refuses_to_take_fails_with_its_reason(conversation, meta):
    message = outbox.reply_with_file(conversation, picture(), "", None)
    meta.faults.on_upload(faults.error(100, "Not a picture"))

    upload_and_deliver(conversation)

    message.refresh_from_db()
    assert (message.status, message.error_code) == ("failed", 100)
    assert "Not a picture" in message.error_title
    assert sent(meta, conversation) == []


@pytest.mark.parametrize("fault", [faults.server_error, faults.closed_after_accepting, faults.error(131016)])
def test_a_broken_upload_is_tried_again(conversation, meta, fault):
    outbox.reply_with_file(conversation, picture(), "", None)
    meta.faults.on_upload(fault)

    upload_and_deliver(conversation)
    assert sent(meta, conversation) == []
    due_again()
    upload_and_deliver(conversation)

    assert len(sent(meta, conversation)) == 1


def test_after_many_broken_uploads_the_message_fails(conversation, meta):
    message = outbox.reply_with_file(conversation, picture(), "", None)
    MediaFile.objects.update(attempts=outcomes.MAX_BROKEN_UPLOADS - 1)
    meta.faults.on_upload(faults.server_error)

    upload_and_deliver(conversation)

    message.refresh_from_db()
    assert (message.status, message.error_title[:20]) == ("failed", "The file did not pas")


def test_a_refused_token_stops_the_number_and_the_file_waits(conversation, meta):
    outbox.reply_with_file(conversation, picture(), "", None)
    meta.faults.on_upload(faults.error(190, "Invalid token", http_status=401))

    upload_and_deliver(conversation)

    conversation.whatsapp_number.refresh_from_db()
    assert conversation.whatsapp_number.status == "problem"
    uploads = len(meta.requests)
    due_again()
    work_off(transfers.JOB)
    assert len(meta.requests) == uploads
    assert Message.objects.get().status == "queued"


def test_nothing_is_uploaded_while_the_number_is_off(conversation, meta):
    outbox.reply_with_file(conversation, picture(), "", None)
    conversation.whatsapp_number.is_active = False
    conversation.whatsapp_number.save()

    work_off(transfers.JOB)

    assert meta.simulator.media == {}


def test_sent_again_after_a_month_the_file_is_uploaded_anew(conversation, meta):
    message = outbox.reply_with_file(conversation, picture(), "", None)
    meta.faults.on_send(faults.closed_after_accepting)
    upload_and_deliver(conversation)
    message.refresh_from_db()
    assert message.status == "unknown"
    MediaFile.objects.update(uploaded_at=timezone.now() - timedelta(days=31))

    outbox.send_again(message)
    upload_and_deliver(conversation)

    assert len(meta.simulator.media) == 2
    message.refresh_from_db()
    assert message.content["image"]["id"] == list(meta.simulator.media)[1]


def test_a_refused_reply_leaves_no_row(conversation):
    conversation.last_inbound_at = None
    with pytest.raises(Refusal):
        outbox.reply_with_file(conversation, picture(), "", None)

    assert not MediaFile.objects.exists()


def test_the_stored_file_is_in_the_folder_of_its_business_under_a_random_name(conversation):
    message = outbox.reply_with_file(conversation, picture(), "", None)

    stored = Path(message.media.file.path)
    assert stored.parent == Path(settings.MEDIA_ROOT) / f"business-{conversation.business_id}"
    assert len(stored.name) == 32 and "cake" not in stored.name
