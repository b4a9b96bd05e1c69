"""Broadcasts of templates with a picture or a document from a file."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.testing import work_off
from broadcasts import drafts, lifecycle
from broadcasts.models import Broadcast, BroadcastMessage
from broadcasts.testing import make_broadcast
from crm.testing import make_customer
from whatsapp.graph.errors import CloudApiError
from whatsapp.message_templates import header_files
from whatsapp.models import HeaderFile
from whatsapp.sending import delivery
from whatsapp.simulator.graph.faults import error
from whatsapp.testing import PNG, make_template

pytestmark = pytest.mark.django_db

PEOPLE = ["+79160000001", "+79160000002"]


@pytest.fixture
def template(meta, number):
    meta.connect(number)
    template = make_template(number, "20 % off.", {"type": "HEADER", "format": "IMAGE"}, name="sale")
    meta.approve(template)
    return template


@pytest.fixture
def file(number):
    return header_files.store(number, picture())


@pytest.fixture
def broadcast(number, template, file):
    for phone in PEOPLE:
        make_customer(number.business, phone=phone)
    return make_broadcast(number, template=template, parameters={"header.image": file.reference})


def picture(name="cake.png"):
    return SimpleUploadedFile(name, PNG)


def start(broadcast):
    drafts.plan(broadcast)
    lifecycle.start(broadcast)


def deliver(number):
    delivery.deliver(BroadcastMessage, number.pk)


def refuse(meta, code):
    meta.faults.on_send(error(code), times=1)


def images(meta):
    sent = [message for phone in PEOPLE for message in meta.sent_to(phone)]
    return [message["template"]["components"][0]["parameters"][0]["image"] for message in sent]


def fresh(broadcast):
    return Broadcast.objects.get(pk=broadcast.pk)


def test_it_is_sent_when_meta_has_the_file_which_is_uploaded_once(number, broadcast, file, meta):
    start(broadcast)
    deliver(number)
    assert images(meta) == []

    work_off(header_files.JOB)
    deliver(number)

    file.refresh_from_db()
    assert images(meta) == [{"id": file.meta_id}] * 2
    assert len([request for request in meta.requests if request.path.endswith("/media")]) == 1


def test_while_the_file_is_on_its_way_the_page_says_so(client, owner, broadcast):
    client.force_login(owner)
    start(broadcast)
    assert "The file is being uploaded to Meta" in client.get(page(broadcast)).content.decode()

    work_off(header_files.JOB)
    assert "The file is being uploaded to Meta" not in client.get(page(broadcast)).content.decode()


def test_the_file_of_a_broadcast_to_come_is_renewed_before_meta_forgets_it(number, broadcast, file):
    work_off(header_files.JOB)
    drafts.plan(broadcast)
    long_ago = timezone.now() - timedelta(days=70)
    HeaderFile.objects.update(uploaded_at=timezone.now() - timedelta(days=26), used_at=long_ago, due_at=timezone.now())

    work_off(header_files.JOB)

    file.refresh_from_db()
    assert file.is_at_meta(timezone.now() + timedelta(days=20))


def test_a_file_that_meta_lost_is_uploaded_again_and_nobody_is_left_out(number, broadcast, file, meta):
    work_off(header_files.JOB)
    HeaderFile.objects.update(uploaded_at=timezone.now() - timedelta(days=2))
    start(broadcast)
    refuse(meta, 100)

    deliver(number)
    work_off(header_files.JOB)
    deliver(number)

    assert fresh(broadcast).status == "sending"
    assert set(broadcast.messages.values_list("status", flat=True)) == {"accepted"}


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_of_a_broadcast_that_is_over_nobody_is_sent_to_again(number, broadcast, file, status):
    work_off(header_files.JOB)
    HeaderFile.objects.update(uploaded_at=timezone.now() - timedelta(days=2))
    drafts.plan(broadcast)
    broadcast.messages.update(status="failed", parameters={"header.image": file.reference})
    Broadcast.objects.update(status=status)

    BroadcastMessage.refused(number, {row.pk: CloudApiError(131053, "Gone") for row in broadcast.messages.all()})

    assert set(broadcast.messages.values_list("status", flat=True)) == {"failed"}


def test_a_late_refusal_of_the_former_id_is_sent_again_too(number, broadcast, file):
    start(broadcast)
    work_off(header_files.JOB)
    HeaderFile.objects.update(created_at=timezone.now() - timedelta(days=2))
    broadcast.messages.update(status="failed", attempts=1)

    BroadcastMessage.refused(number, {row.pk: CloudApiError(131053, "Gone") for row in broadcast.messages.all()})

    assert set(broadcast.messages.values_list("status", flat=True)) == {"planned"}


def test_a_file_that_meta_does_not_take_pauses_it_with_the_reason(number, broadcast, file):
    HeaderFile.objects.update(mime="application/x-unknown")
    start(broadcast)

    work_off(header_files.JOB)

    assert fresh(broadcast).status == "paused"
    assert "cake.png" in fresh(broadcast).paused_reason


@pytest.mark.parametrize("value", ["file:999999", "cake.png"])
def test_a_file_that_is_not_there_is_told_when_it_is_planned(api, broadcast, value):
    Broadcast.objects.update(parameters={"header.image": value})

    answer = api.post(f"/api/v1/broadcasts/{broadcast.pk}/plan/")

    assert answer.status_code == 400 or fresh(broadcast).messages.filter(status="planned").count() == 0


# In the admin


def page(broadcast):
    return reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])


def form_data(broadcast, **fields):
    return {
        "name": broadcast.name,
        "whatsapp_number": broadcast.whatsapp_number_id,
        "template": broadcast.template_id,
        "who": "everyone",
        "scheduled_at_0": "",
        "scheduled_at_1": "",
        "parameter_header.image_source": "text",
        "parameter_header.image_text": "",
        **fields,
    }


@pytest.fixture
def draft(number, template):
    return make_broadcast(number, template=template)


def test_a_file_is_chosen_in_the_form_and_stays(client, owner, draft):
    client.force_login(owner)

    client.post(page(draft), form_data(draft, header_file=picture(), _continue=""))
    html = client.get(page(draft)).content.decode()
    client.post(page(draft), form_data(draft, name="New", _continue=""))

    file = HeaderFile.objects.get()
    assert "Chosen: cake.png" in html
    assert "Picture: cake.png" in html
    assert (fresh(draft).name, fresh(draft).parameters) == ("New", {"header.image": file.reference})


def test_a_link_takes_the_place_of_the_file(client, owner, draft, file):
    client.force_login(owner)
    Broadcast.objects.update(parameters={"header.image": file.reference})
    link = "https://shop.example/cake.png"

    client.post(page(draft), form_data(draft, **{"parameter_header.image_text": link}, _continue=""))

    assert fresh(draft).parameters == {"header.image": link}


@pytest.mark.parametrize(
    ("link", "kept"), [("https://shop.example/1.pdf", True), ("https://shop.example/2.pdf", False)]
)
def test_the_name_that_a_program_gave_a_document_stays_with_it(client, owner, number, link, kept):
    template = make_template(number, "Our prices.", {"type": "HEADER", "format": "DOCUMENT"}, name="prices")
    name = {"header.document.filename": "Prices.pdf"}
    draft = make_broadcast(
        number, template=template, parameters={"header.document": "https://shop.example/1.pdf", **name}
    )
    client.force_login(owner)
    entered = {"parameter_header.document_source": "text", "parameter_header.document_text": link}

    client.post(page(draft), form_data(draft, name="New", **entered, _continue=""))

    assert fresh(draft).name == "New"
    assert fresh(draft).parameters == {"header.document": link, **(name if kept else {})}


def test_a_file_that_the_template_does_not_show_is_refused(client, owner, draft):
    client.force_login(owner)

    html = client.post(
        page(draft), form_data(draft, header_file=SimpleUploadedFile("a.pdf", b"%PDF-1.4\n%small\n"), _continue="")
    ).content.decode()

    assert "another kind of file" in html
    assert not HeaderFile.objects.exists()
