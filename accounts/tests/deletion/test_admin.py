"""Deleting in the admin: at once, or by a job whose page shows how far it is and ends in the receipt."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.deletion import deletion, job
from accounts.models import Business, Deletion, Role, User
from accounts.testing import PASSWORD, make_administrator, make_colleague, make_owner
from accounts.tests.deletion.rows import fill_number
from bots.models import Bot
from crm.models import Conversation, Customer, Message
from whatsapp.models import WhatsAppNumber

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner("Tea house", language="en")


@pytest.fixture
def client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def large(monkeypatch):
    """Everything is large."""
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)


def delete_page(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])


def typed(row, **more):
    return {"post": "yes", f"name-{row.pk}-typed": str(row), **more}


def page_of(asked, kind="change"):
    return reverse(f"admin:accounts_deletion_{kind}", args=[asked.pk])


def test_large_numbers_are_written_as_people_read_them(client, owner):
    number = fill_number(owner, "10001")
    said = {"direction": "in", "origin": "customer", "type": "text", "status": "received"}
    on_number = {"business": owner.business, "whatsapp_number": number, "conversation": number.conversations.first()}
    Message.objects.bulk_create(Message(**on_number, **said) for _serial in range(1200))
    page = client.get(delete_page(number)).content.decode()
    assert "(messages: <strong>1,203</strong>)" in page
    assert "<li>Messages: 1,203</li>" in page


def test_what_is_large_leads_to_the_page_of_the_job(client, owner, large):
    number = fill_number(owner, "10001")
    answer = client.post(delete_page(number), typed(number))
    asked = Deletion.objects.get()
    assert (asked.state, answer.url) == ("waiting", page_of(asked))
    assert f'<progress max="{asked.total}" value="0">' in client.get(answer.url).content.decode()


@pytest.mark.parametrize("model", [WhatsAppNumber, Bot, Conversation, Message])
def test_whoever_is_signed_in_sees_nothing_of_it_from_then_on(client, owner, large, model):
    number = fill_number(owner, "10001")
    row, options = model.objects.first(), model._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    assert f"/{row.pk}/change/" in client.get(address).content.decode()
    deletion.delete(number)
    assert f"/{row.pk}/change/" not in client.get(address).content.decode()


def test_while_nothing_is_being_deleted_no_list_looks_for_it(client, owner):
    fill_number(owner, "10001")
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("admin:crm_message_changelist"))
    (asked,) = [query["sql"] for query in queries if '"deletions"' in query["sql"]]
    assert 'FROM "users"' in asked


@pytest.mark.parametrize("model", [Customer, Bot])
def test_what_else_is_large_does_too_without_typing(client, owner, large, model):
    fill_number(owner, "10001")
    answer = client.post(delete_page(model.objects.first()), {"post": "yes"})
    assert answer.url == page_of(Deletion.objects.get())


def test_one_of_those_selected_leads_to_its_page_and_several_to_the_list(client, owner, large):
    fill_number(owner, "10001", customers=3)
    selected = {"action": "delete_selected", "post": "yes"}
    url = reverse("admin:crm_customer_changelist")
    first, *others = Customer.objects.values_list("pk", flat=True)
    assert client.post(url, selected | {"_selected_action": [first]}).url == page_of(Deletion.objects.get())
    answer = client.post(url, selected | {"_selected_action": others})
    assert answer.url == reverse("admin:accounts_deletion_changelist")
    assert "<progress" in client.get(answer.url).content.decode()


def test_the_page_follows_the_job_and_ends_in_the_receipt(client, owner, large, monkeypatch):
    monkeypatch.setattr(job, "BATCH", 5)
    asked = deletion.delete(fill_number(owner, "10001"), requested_by=owner)
    job.advance(asked, seconds=0)
    live = client.get(page_of(asked, "live"))
    assert "<progress" in live.content.decode()
    assert client.get(page_of(asked, "live"), headers={"If-None-Match": live["ETag"]}).status_code == 304
    job.advance(asked)
    page = client.get(page_of(asked)).content.decode()
    for words in ("Shop 10001, +7 916 123-45-67", owner.email, "none was made", "Rows left behind", "Messages"):
        assert words in page
    assert "<progress" not in page and "live.js" not in page


def test_the_receipt_says_when_the_conversations_were_exported(client, owner):
    number = fill_number(owner, "10001")
    WhatsAppNumber.objects.filter(pk=number.pk).update(exported_at=timezone.now() - timedelta(days=1))
    number.refresh_from_db()
    page = client.get(page_of(deletion.delete(number))).content.decode()
    assert "none was made" not in page


def test_an_error_of_the_job_is_told_and_to_administrators_in_full(client, owner, large):
    asked = deletion.delete(fill_number(owner, "10001"))
    Deletion.objects.update(last_error="OperationalError: disk full")
    assert "is retried automatically" in client.get(page_of(asked)).content.decode()
    assert "disk full" not in client.get(page_of(asked)).content.decode()
    client.force_login(make_administrator())
    assert "disk full" in client.get(page_of(asked)).content.decode()


def test_a_stranger_sees_neither_the_job_nor_what_it_does(client, owner, large):
    asked = deletion.delete(fill_number(owner, "10001"))
    client.force_login(make_owner())
    assert client.get(page_of(asked, "live")).status_code == 404


# A business


def test_an_owner_deletes_the_business_by_its_name_and_their_password(client, owner):
    fill_number(owner, "10001")
    stranger = make_owner()
    fill_number(stranger, "10002")
    answer = client.post(delete_page(owner.business), typed(owner.business, password=PASSWORD))
    assert answer.url == reverse("admin:login")
    assert [str(told) for told in get_messages(answer.wsgi_request)] == [
        "“Tea house” has been deleted with everything it had."
    ]
    assert list(Business.objects.all()) == [stranger.business]
    assert list(User.objects.all()) == [stranger]
    assert "_auth_user_id" not in client.session
    assert Deletion.objects.get().requested_by_email == owner.email


def test_of_a_large_one_they_are_told_what_happens(client, owner, large):
    fill_number(owner, "10001")
    answer = client.post(delete_page(owner.business), typed(owner.business, password=PASSWORD))
    page = client.get(answer.url)
    assert "Its people can no longer sign in" in page.content.decode()
    assert not User.objects.get(pk=owner.pk).is_active


@pytest.mark.parametrize(
    "wrong", [{"password": "not mine"}, {"password": ""}, {"name": "Coffee house", "password": PASSWORD}]
)
def test_a_wrong_name_or_password_deletes_nothing(client, owner, wrong):
    answers = typed(owner.business, password=wrong["password"])
    if "name" in wrong:
        answers[f"name-{owner.business_id}-typed"] = wrong["name"]
    page = client.post(delete_page(owner.business), answers)
    assert page.status_code == 200 and any(form.errors for form in page.context["confirmations"])
    assert Business.objects.exists()


def test_too_many_wrong_passwords_lock_as_those_of_signing_in(client, owner):
    for _attempt in range(6):
        answer = client.post(delete_page(owner.business), typed(owner.business, password="wrong"))
    assert answer.status_code == 429
    client.post(delete_page(owner.business), typed(owner.business, password=PASSWORD))
    assert Business.objects.exists()


def test_the_page_of_the_business_offers_it_to_the_owner_alone(client, owner):
    change = reverse("admin:accounts_business_change", args=[owner.business_id])
    assert delete_page(owner.business) in client.get(change).content.decode()
    client.force_login(make_colleague(owner, Role.MANAGER))
    assert delete_page(owner.business) not in client.get(change).content.decode()
    assert client.post(delete_page(owner.business), typed(owner.business, password=PASSWORD)).status_code == 403


def test_an_administrator_deletes_a_business_by_its_name(client, owner, large):
    client.force_login(make_administrator())
    answer = client.post(delete_page(owner.business), typed(owner.business))
    assert answer.url == page_of(Deletion.objects.get())
    assert client.get(answer.url).status_code == 200
