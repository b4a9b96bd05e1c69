"""The page on which the conversations of a number are taken out into files."""

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.testing import make_colleague, make_owner, work_off
from crm.conversations import export_job, exports
from crm.models import ConversationExport
from crm.testing import make_conversation, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(number, monkeypatch):
    """A large one: of a message more than are exported at once."""
    monkeypatch.setattr(exports, "MAX_DOWNLOAD", 1)
    conversation = make_conversation(number)
    make_message(conversation, "=1+1")
    make_message(conversation, "Hello")
    return number


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def finished(number, owner):
    export = exports.request(number, owner, "csv")
    work_off(export_job.JOB)
    export.refresh_from_db()
    return export


def export_url(number, file_format="csv"):
    return reverse("admin:crm_export_conversations", args=[number.pk]) + f"?as={file_format}"


def exports_url(number):
    return reverse("admin:crm_conversation_exports", args=[number.pk])


def file_url(export):
    return reverse("admin:crm_conversation_export_file", args=[export.pk])


def test_a_small_number_is_exported_at_once(page, number, monkeypatch):
    monkeypatch.setattr(exports, "MAX_DOWNLOAD", 2)

    response = page.get(export_url(number))

    assert "attachment" in response["Content-Disposition"]
    assert "Total;1 conversation;2 messages" in response.getvalue().decode()
    assert not ConversationExport.objects.exists()


def test_a_large_number_is_exported_by_a_job_and_its_page_says_how_far_it_is(page, number):
    response = page.get(export_url(number), follow=True)

    assert response.redirect_chain == [(exports_url(number), 302)]
    assert "0 of 2 messages" in response.text and "<progress" in response.text
    assert '<noscript><meta http-equiv="refresh"' in response.text


def test_asking_has_a_worker_write_the_file(page, number, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        page.get(export_url(number))

    html = page.get(exports_url(number)).text
    assert file_url(ConversationExport.objects.get()) in html
    assert "1 conversation,\n" in html and "2 messages" in html


def test_a_second_click_asks_for_nothing_more(page, number):
    page.get(export_url(number))
    page.get(export_url(number))

    assert ConversationExport.objects.count() == 1


def test_the_file_is_a_download_whose_name_says_how_much_is_in_it(page, finished):
    response = page.get(file_url(finished))

    digits = finished.whatsapp_number.phone_number.lstrip("+")
    name = f"conversations-{digits}-1-conversations-2-messages.csv"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert (response["X-Content-Type-Options"], response["Content-Type"]) == ("nosniff", "text/csv; charset=utf-8")
    assert int(response["Content-Length"]) == finished.size == len(response.getvalue())


def test_half_a_file_is_not_handed_out(page, number, owner):
    export = exports.request(number, owner, "csv")

    assert page.get(file_url(export)).status_code == 404
    assert file_url(export) not in page.get(exports_url(number)).text


def test_a_file_that_is_gone_is_not_found(page, finished):
    finished.file.storage.delete(finished.file.name)

    assert page.get(file_url(finished)).status_code == 404


def test_a_manager_finds_the_file_too(client, owner, finished):
    client.force_login(make_colleague(owner, "manager"))

    assert client.get(exports_url(finished.whatsapp_number)).status_code == 200
    assert client.get(file_url(finished)).status_code == 200


def addresses(export):
    live = reverse("admin:crm_conversation_exports_live", args=[export.whatsapp_number_id])
    return [export_url(export.whatsapp_number), exports_url(export.whatsapp_number), live, file_url(export)]


def test_an_operator_exports_nothing(client, owner, finished):
    client.force_login(make_colleague(owner, "operator"))

    assert [client.get(address).status_code for address in addresses(finished)] == [403] * 4


def test_a_stranger_finds_nothing(client, finished):
    client.force_login(make_owner())

    assert [client.get(address).status_code for address in addresses(finished)] == [404] * 4


def test_an_unknown_form_is_not_found(page, number):
    assert page.get(export_url(number, "exe")).status_code == 404


def test_the_page_says_when_all_conversations_were_last_exported(page, number, finished):
    assert "All conversations were last exported" in page.get(exports_url(number)).text


def test_the_page_of_the_number_leads_there_and_says_when(page, number, finished):
    html = page.get(reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk])).text

    assert exports_url(number) in html
    assert date_format(localtime(finished.created_at), "SHORT_DATETIME_FORMAT") in html


def test_large_numbers_are_written_for_people(page, number, finished):
    ConversationExport.objects.update(done=1_600_000)

    assert "1,600,000 messages" in page.get(exports_url(number)).text


def test_the_fragment_is_sent_only_when_something_changed(page, finished):
    address = reverse("admin:crm_conversation_exports_live", args=[finished.whatsapp_number_id])
    etag = page.get(address)["ETag"]

    assert page.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_trouble_is_told_without_its_details(page, number, owner):
    exports.request(number, owner, "csv")
    ConversationExport.objects.update(last_error="OSError: /srv/secret/place")

    html = page.get(exports_url(number)).text

    assert "The last attempt failed" in html and "/srv" not in html
