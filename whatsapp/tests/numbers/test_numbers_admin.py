"""Numbers in the admin: added with a check at Meta, switched by one click, deleted after a page that counts."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.testing import make_administrator, make_colleague, make_owner
from whatsapp.models import WhatsAppNumber

pytestmark = pytest.mark.django_db

ADD = reverse("admin:whatsapp_whatsappnumber_add")
LIST = reverse("admin:whatsapp_whatsappnumber_changelist")


def page_of(number, name="change"):
    return reverse(f"admin:whatsapp_whatsappnumber_{name}", args=[number.pk])


def entered(**changes):
    return {
        "name": "Shop",
        "phone_number": "8 916 123-45-67",
        "phone_number_id": "1000001",
        "waba_id": "",
        "access_token": "sim-token",
        "app_secret": "the-secret",
        "messages_per_second": "80",
        "read_receipts": "answered",
        "is_active": "on",
    } | changes


@pytest.fixture
def owner(client):
    owner = make_owner()
    client.force_login(owner)
    return owner


@pytest.fixture
def number(owner):
    return WhatsAppNumber.objects.create(
        business=owner.business,
        name="Shop",
        phone_number="+79161234567",
        phone_number_id="1000001",
        access_token="sim-token-wxyz",
    )


def test_a_number_is_added_when_meta_knows_it(client, meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    answer = client.post(ADD, entered())
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    number = WhatsAppNumber.objects.get()
    assert (number.business, number.status, number.access_token) == (owner.business, "connected", "sim-token")


def test_a_platform_administrator_adds_a_number_to_a_business(client, meta, owner):
    meta.simulator.directory.add_number("1000001", "+79161234567", "sim-token")
    client.force_login(make_administrator())
    assert 'name="for_business"' in client.get(ADD).text
    client.post(ADD, entered(phone_number="+79161234567", for_business=owner.business_id))
    assert WhatsAppNumber.objects.get().business == owner.business


def test_a_refused_token_is_an_error_on_that_field_and_saves_nothing(client, meta, owner):
    meta.directory.add_number("1000001", "+79161234567", "sim-token")
    answer = client.post(ADD, entered(access_token="wrong"))
    assert list(answer.context["adminform"].form.errors) == ["access_token"]
    assert not WhatsAppNumber.objects.exists()


def test_an_impossible_phone_is_an_error_on_that_field(client, meta, owner):
    answer = client.post(ADD, entered(phone_number="12"))
    assert list(answer.context["adminform"].form.errors) == ["phone_number"]


def test_the_plan_limit_is_a_sentence_on_the_page(client, meta, owner):
    owner.business.subscription.plan = "trial"
    owner.business.subscription.save()
    for position in range(5):
        WhatsAppNumber.objects.create(
            business=owner.business, name="n", phone_number="+79161234567", phone_number_id=f"9000{position}"
        )
    answer = client.post(ADD, entered())
    assert answer.status_code == 200
    assert "5" in answer.context["adminform"].form.non_field_errors()[0]


def test_a_saved_token_is_never_shown_but_for_its_end(client, number):
    html = client.get(page_of(number)).content.decode()
    assert "sim-token-wxyz" not in html
    assert "…wxyz" in html


def test_an_empty_token_keeps_the_saved_one(client, number):
    client.post(page_of(number), entered(name="Cafe", phone_number="+79161234567", access_token="", app_secret=""))
    number.refresh_from_db()
    assert (number.name, number.access_token) == ("Cafe", "sim-token-wxyz")


def test_renaming_a_number_does_not_ask_meta(client, meta, number):
    client.post(page_of(number), entered(name="Cafe", phone_number="+79161234567", access_token="", app_secret=""))
    number.refresh_from_db()
    assert (number.name, number.status) == ("Cafe", "not_checked")
    assert meta.requests == []


def test_a_new_token_is_checked_and_saved(client, meta, number):
    meta.directory.add_number("1000001", "+79161234567", "EAA-new")
    client.post(page_of(number), entered(phone_number="+79161234567", access_token="EAA-new", app_secret=""))
    number.refresh_from_db()
    assert (number.access_token, number.status) == ("EAA-new", "connected")


def test_a_number_whose_token_cannot_be_read_still_opens_and_is_renamed(client, number, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert client.get(page_of(number)).status_code == 200
    client.post(page_of(number), entered(name="Cafe", phone_number="+79161234567", access_token="", app_secret=""))
    assert WhatsAppNumber.objects.get().name == "Cafe"


def test_the_pin_of_a_number_goes_when_it_becomes_another_number(client, meta, number):
    WhatsAppNumber.objects.update(pin="123456")
    meta.directory.add_number("1000009", number.phone_number, number.access_token)
    assert client.post(page_of(number), entered(phone_number_id="1000009", access_token="")).status_code == 302
    number = WhatsAppNumber.objects.get()
    assert (number.phone_number_id, number.pin) == ("1000009", "")


def test_a_manager_does_not_see_the_secrets_of_a_number(client, owner, number):
    client.force_login(make_colleague(owner, Role.MANAGER))
    assert "access_token" not in client.get(page_of(number)).content.decode()


def test_one_click_in_the_list_switches_a_number_off_and_on(client, number):
    assert page_of(number, "switch") in client.get(LIST).content.decode()
    client.post(page_of(number, "switch"))
    number.refresh_from_db()
    assert not number.is_active
    client.post(page_of(number, "switch"))
    number.refresh_from_db()
    assert number.is_active
    assert LogEntry.objects.filter(object_id=number.pk).count() == 2


def test_an_operator_cannot_switch(client, owner, number):
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert client.post(page_of(number, "switch")).status_code == 403
    assert page_of(number, "switch") not in client.get(LIST).content.decode()


def test_a_stranger_cannot_switch(client, number):
    client.force_login(make_owner())
    assert client.post(page_of(number, "switch")).status_code == 404


def test_the_delete_page_says_in_russian_what_will_go(client, number):
    html = client.get(page_of(number, "delete"), headers={"accept-language": "ru"}).content.decode()
    for words in (
        "Внимание!",
        "При удалении номера будут удалены:",
        "все боты, привязанные к этому номеру",
        "все диалоги через этот номер",
        "все рассылки с этого номера",
        "Вы уверены, что хотите удалить этот номер?",
    ):
        assert words in html


def test_the_delete_page_offers_to_deactivate_and_to_export(client, number):
    html = client.get(page_of(number, "delete")).content.decode()
    assert page_of(number, "switch") in html
    assert reverse("admin:crm_export_conversations", args=[number.pk]) in html


def typed(number, name=None):
    """What the form sends once the number's name is typed."""
    return {"post": "yes", f"name-{number.pk}-typed": number.name if name is None else name}


def test_deleting_on_the_page_removes_the_number_and_logs_it(client, number):
    client.post(page_of(number, "delete"), typed(number))
    assert not WhatsAppNumber.objects.exists()
    assert LogEntry.objects.get(object_id=number.pk).is_deletion()


def test_delete_selected_counts_and_removes_all_of_them(client, owner, number):
    other = WhatsAppNumber.objects.create(
        business=owner.business, name="Cafe", phone_number="+79160000000", phone_number_id="1000002"
    )
    selected = {"action": "delete_selected", "_selected_action": [number.pk, other.pk]}
    page = client.post(LIST, selected, headers={"accept-language": "ru"})
    assert "Вы уверены, что хотите удалить эти номера?" in page.content.decode()
    client.post(LIST, selected | typed(number) | typed(other))
    assert not WhatsAppNumber.objects.exists()


@pytest.mark.parametrize("name", ["", "Shop no more", "shop", "yes"])
def test_another_name_deletes_nothing_and_the_page_says_so(client, number, name):
    page = client.post(page_of(number, "delete"), typed(number, name))
    assert page.status_code == 200 and page.context["confirmations"][0].errors
    assert WhatsAppNumber.objects.get().is_active and not LogEntry.objects.exists()


def test_spaces_around_the_name_do_not_matter(client, number):
    client.post(page_of(number, "delete"), typed(number, f"  {number.name}\t"))
    assert not WhatsAppNumber.objects.exists()


def test_of_several_each_name_is_typed(client, owner, number):
    other = WhatsAppNumber.objects.create(
        business=owner.business, name="Cafe", phone_number="+79160000000", phone_number_id="1000002"
    )
    selected = {"action": "delete_selected", "_selected_action": [number.pk, other.pk]}
    page = client.post(LIST, selected | typed(number) | typed(other, number.name))
    assert page.status_code == 200 and WhatsAppNumber.objects.count() == 2


def test_the_delete_page_says_when_the_conversations_were_last_exported(client, number):
    assert "not-exported" in client.get(page_of(number, "delete")).content.decode()
    WhatsAppNumber.objects.update(exported_at=timezone.now())
    assert "not-exported" not in client.get(page_of(number, "delete")).content.decode()


@pytest.mark.parametrize(("plan", "is_told"), [("unlimited", True), ("trial", False)])
def test_who_runs_the_installation_is_told_of_the_backup(client, number, settings, plan, is_told):
    settings.DEFAULT_PLAN = plan
    assert ("manage.py backup_db" in client.get(page_of(number, "delete")).content.decode()) is is_told


def test_a_manager_cannot_delete(client, owner, number):
    client.force_login(make_colleague(owner, Role.MANAGER))
    assert client.post(page_of(number, "delete"), {"post": "yes"}).status_code == 403
    assert WhatsAppNumber.objects.exists()
