"""Files for the headers of templates: kept, uploaded once for a number, renewed, and sent with templates by id."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.testing import make_owner, work_off
from crm.models import Message
from crm.testing import make_conversation
from crm.tests.calls import path, post
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile
from whatsapp.sending import delivery
from whatsapp.simulator.graph import faults
from whatsapp.testing import PNG, make_number, make_template

pytestmark = pytest.mark.django_db

FILES = "/api/v1/template-files/"
PDF = b"%PDF-1.4\n%a small one\n"
BODY = {"type": "BODY", "text": "Your invoice."}


@pytest.fixture
def conversation(meta, number):
    meta.connect(number)
    return make_conversation(number, last_inbound_at=timezone.now() - timedelta(days=2))


@pytest.fixture
def template(meta, number, conversation):
    template = make_template(number, "Your invoice.", {"type": "HEADER", "format": "DOCUMENT"}, name="invoice")
    meta.approve(template)
    return template


def pdf(name="Счёт.pdf", content=PDF):
    return SimpleUploadedFile(name, content)


def keep(api, number, upload):
    return api.post(FILES, {"whatsapp_number": number.pk, "file": upload}, format="multipart")


def send(api, conversation, template, value, **more):
    body = {"template": template.pk, "parameters": {"header.document": value, **more}}
    return post(api, path("conversations", conversation.pk, "messages"), body)


def uploads(meta):
    return [request for request in meta.requests if request.path.endswith("/media")]


def document_sent(meta, conversation):
    [message] = meta.sent_to(conversation.customer.phone)
    [part] = message["template"]["components"]
    return part["parameters"][0]["document"]


def refuse(meta, code):
    meta.faults.on_send(faults.error(code), times=1)


def deliver(number):
    work_off(header_files.JOB)
    delivery.deliver(Message, number.pk)


def age(file, **delta):
    """Have a file uploaded, and last used, so long ago."""
    then = timezone.now() - timedelta(**delta)
    HeaderFile.objects.filter(pk=file.pk).update(uploaded_at=then, used_at=then, due_at=timezone.now())


# By API


def test_a_file_is_kept_and_uploaded(api, number, conversation):
    body = keep(api, number, pdf()).json()

    assert (body["name"], body["kind"], body["state"]) == ("Счёт.pdf", "document", "waiting")
    work_off(header_files.JOB)
    assert api.get(f"{FILES}{body['id']}/").json() == body | {"state": "uploaded"}


@pytest.mark.parametrize(
    "upload", [pdf("a.exe"), pdf("a.pdf", b"no"), pdf("a.pdf", b""), pdf("a.mp3", b"ID3" + bytes(200))], ids=str
)
def test_what_no_header_shows_is_refused(api, number, upload):
    upload.seek(0)
    assert keep(api, number, upload).status_code == 400
    assert not HeaderFile.objects.exists()


def test_a_stranger_neither_sees_nor_names_a_file(api, number, conversation, template):
    theirs = header_files.store(make_number(make_owner().business), pdf())

    assert api.get(f"{FILES}{theirs.pk}/").status_code == 404
    assert send(api, conversation, template, theirs.reference).status_code == 400
    assert keep(api, theirs.whatsapp_number, pdf()).status_code == 400


def test_a_template_goes_out_with_its_file_when_meta_has_it(api, number, conversation, template, meta):
    file = header_files.store(number, pdf())

    answer = send(api, conversation, template, file.reference)
    delivery.deliver(Message, number.pk)
    assert (answer.status_code, meta.sent_to(conversation.customer.phone)) == (201, [])
    deliver(number)

    file.refresh_from_db()
    assert document_sent(meta, conversation) == {"id": file.meta_id, "filename": "Счёт.pdf"}


def test_a_file_is_uploaded_once_for_many_messages(api, number, conversation, template, meta):
    file = header_files.store(number, pdf())
    for other in (conversation, make_conversation(number), make_conversation(number)):
        send(api, other, template, file.reference)
        deliver(number)

    assert len(uploads(meta)) == 1
    assert set(Message.objects.values_list("status", flat=True)) == {"accepted"}


def test_a_document_from_a_file_may_have_another_name(api, number, conversation, template, meta):
    file = header_files.store(number, pdf())

    send(api, conversation, template, file.reference, **{"header.document.filename": "7.pdf"})
    deliver(number)

    assert document_sent(meta, conversation)["filename"] == "7.pdf"


@pytest.mark.parametrize("value", ["file:999999", "file:x", "file:"])
def test_a_file_that_is_not_there_is_refused(api, conversation, template, value):
    assert send(api, conversation, template, value).status_code == 400
    assert not Message.objects.exists()


def test_a_file_of_another_kind_is_refused(api, number, conversation, template):
    file = header_files.store(number, pdf("cake.png", PNG))

    answer = send(api, conversation, template, file.reference)

    assert answer.status_code == 400
    assert "cake.png" in str(answer.json())


def test_a_file_of_another_number_is_refused(api, number, conversation, template):
    file = header_files.store(make_number(number.business, waba_id=number.waba_id), pdf())
    assert send(api, conversation, template, file.reference).status_code == 400


# Renewed and forgotten


def test_a_file_that_meta_has_forgotten_is_uploaded_again_before_it_is_sent(api, number, conversation, template, meta):
    file = header_files.store(number, pdf())
    work_off(header_files.JOB)
    age(file, days=30)
    HeaderFile.objects.update(due_at=None)

    send(api, conversation, template, file.reference)
    deliver(number)

    assert len(uploads(meta)) == 2
    file.refresh_from_db()
    assert document_sent(meta, conversation)["id"] == file.meta_id


@pytest.mark.parametrize("code", [131053, 100])
def test_a_file_that_meta_says_it_does_not_have_is_uploaded_again(api, number, conversation, template, meta, code):
    file = header_files.store(number, pdf())
    work_off(header_files.JOB)
    age(file, days=2)
    HeaderFile.objects.update(due_at=None)
    refuse(meta, code)

    send(api, conversation, template, file.reference)
    delivery.deliver(Message, number.pk)
    assert Message.objects.get().status == "queued"
    deliver(number)

    assert Message.objects.get().status == "accepted"
    assert len(uploads(meta)) == 2


def test_a_file_uploaded_a_moment_ago_is_not_at_fault(api, number, conversation, template, meta):
    file = header_files.store(number, pdf())
    work_off(header_files.JOB)
    refuse(meta, 100)

    send(api, conversation, template, file.reference)
    deliver(number)

    assert Message.objects.get().status == "failed"
    assert len(uploads(meta)) == 1


def test_a_file_that_nothing_needs_is_deleted_after_a_while(number, conversation, django_capture_on_commit_callbacks):
    file = header_files.store(number, pdf())
    work_off(header_files.JOB)
    age(file, days=61)

    with django_capture_on_commit_callbacks(execute=True):
        work_off(header_files.JOB)

    assert not HeaderFile.objects.exists()
    assert not Path(file.file.path).exists()


def test_a_file_that_was_used_lately_is_kept(number, conversation, meta):
    file = header_files.store(number, pdf())
    work_off(header_files.JOB)

    age(file, days=26)
    work_off(header_files.JOB)

    file.refresh_from_db()
    assert file.due_at > timezone.now()
    assert len(uploads(meta)) == 1


def test_a_file_that_meta_does_not_take_fails_its_message(api, number, conversation, template, meta):
    file = header_files.store(number, pdf())
    send(api, conversation, template, file.reference)
    HeaderFile.objects.update(mime="application/x-unknown")

    deliver(number)

    message = Message.objects.get()
    assert message.status == "failed"
    assert "Счёт.pdf" in message.error_title
    assert send(api, conversation, template, file.reference).status_code == 400


# On the conversation's page


def fill_in(client, conversation, template, **data):
    address = reverse("admin:crm_conversation_template", args=[conversation.pk])
    fields = {"template": template.pk, "template-idempotency_key": uuid4()}
    return client.post(address, {**fields, **{f"template-{name}": value for name, value in data.items()}}, follow=True)


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def test_a_person_chooses_a_file_for_a_template(page, number, conversation, template, meta):
    fill_in(page, conversation, template, **{"parameter-header.document": "", "file": pdf()})
    deliver(number)

    assert document_sent(meta, conversation)["filename"] == "Счёт.pdf"


def test_a_person_may_give_a_link_as_before(page, number, conversation, template, meta):
    fill_in(page, conversation, template, **{"parameter-header.document": "https://shop.example/1.pdf"})
    deliver(number)

    assert document_sent(meta, conversation) == {"link": "https://shop.example/1.pdf", "filename": "1.pdf"}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Fill this in."),
        ({"file": pdf("cake.png", PNG)}, "another kind of file"),
        ({"file": pdf("a.exe")}, "carry"),
    ],
    ids=["nothing", "picture", "program"],
)
def test_what_is_wrong_with_the_file_is_told(page, conversation, template, data, told):
    for upload in data.values():
        upload.seek(0)
    html = fill_in(page, conversation, template, **{"parameter-header.document": "", **data}).text

    assert told in html
    assert not Message.objects.exists()
    assert not HeaderFile.objects.exists()
