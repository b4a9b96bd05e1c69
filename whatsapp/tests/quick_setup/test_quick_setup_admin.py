"""Quick setup in the admin: what is entered, what came of each step, and who may see it."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.testing import make_administrator, make_colleague, make_owner
from whatsapp.models import QuickSetup, WhatsAppNumber
from whatsapp.simulator.graph import faults
from whatsapp.testing import make_number
from whatsapp.tests.quick_setup.setting_up import FIRST, SECOND, TOKEN, WABA_ID, make_account

pytestmark = pytest.mark.django_db

LIST = reverse("admin:whatsapp_whatsappnumber_changelist")
BEGIN = reverse("admin:whatsapp_whatsappnumber_quick_setup")


@pytest.fixture
def account(meta):
    return make_account(meta)


def begin(client, **entered):
    """Fill in the first page; the page that follows."""
    return client.post(BEGIN, {"access_token": TOKEN, "waba_id": WABA_ID, **entered}, follow=True)


def run(client, *phone_number_ids, **entered):
    """Press the button of the newest setup's page; the page that follows."""
    address = reverse("admin:whatsapp_whatsappnumber_run_setup", args=[QuickSetup.objects.latest("pk").pk])
    return client.post(address, {"phone_number_ids": phone_number_ids, **entered}, follow=True)


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def ticked(page):
    return re.findall(r'value="(\d+)" checked', page.content.decode())


def test_the_list_of_numbers_offers_both_ways(client, owner):
    page = client.get(LIST).content.decode()
    assert BEGIN in page and "Quick setup" in page
    assert "Add manually" in page


def test_the_numbers_that_are_found_are_shown_and_nothing_is_changed(client, account, owner):
    page = begin(client)
    assert "+7 495 123-45-01 Tea shop in order" in text_of(page)
    assert "+7 495 123-45-02 Coffee shop not registered" in text_of(page)
    assert ticked(page) == [SECOND, FIRST]
    assert not WhatsAppNumber.objects.exists()


def test_the_chosen_numbers_are_connected_and_each_step_is_told(client, account, owner):
    begin(client)
    page = run(client, SECOND)
    assert [number.phone_number_id for number in WhatsAppNumber.objects.all()] == [SECOND]
    assert "All is set up." in text_of(page)
    assert "The number is now registered for the Cloud API with a new PIN" in text_of(page)
    assert "Coffee shop in order, connected here" in text_of(page)
    assert reverse("admin:whatsapp_whatsappnumber_change", args=[WhatsAppNumber.objects.get().pk]) in str(page.content)
    assert LogEntry.objects.get(object_id=WhatsAppNumber.objects.get().pk).is_addition()


def test_a_number_that_is_connected_here_is_not_ticked(client, account, owner):
    make_number(owner.business, phone_number_id=FIRST)
    page = begin(client)
    assert ticked(page) == [SECOND]
    assert "in order, connected here" in text_of(page)


def test_at_least_one_number_is_to_be_chosen(client, account, owner):
    begin(client)
    assert "Choose at least one number." in text_of(run(client))


def test_a_refused_token_is_asked_for_again(client, account, owner):
    page = begin(client, access_token="EAAwrong")
    assert "Meta does not accept the access token." in text_of(page)
    assert 'name="access_token"' in page.content.decode()
    page = run(client, access_token=TOKEN)
    assert ticked(page) == [SECOND, FIRST]
    assert 'name="access_token"' not in page.content.decode()


def test_a_wrong_pin_is_asked_for_again(client, account, owner):
    account[1].pin = "246810"
    begin(client, pin="000000")
    page = run(client, SECOND)
    assert "Meta says that the PIN is wrong." in text_of(page)
    assert "All is set up." in text_of(run(client, SECOND, pin="246810"))


def test_what_failed_is_done_by_running_it_again(client, meta, account, owner):
    begin(client)
    meta.faults.on_call("POST", "subscribed_apps", faults.server_error)
    page = run(client, FIRST)
    assert "Meta&#x27;s answer was lost." in page.content.decode() and "Run again" in page.content.decode()
    assert "All is set up." in text_of(run(client, FIRST))


def connect_all(client):
    begin(client, app_secret="the-secret")
    return run(client, FIRST, SECOND)


def newest_page(client):
    return text_of(client.get(reverse("admin:whatsapp_whatsappnumber_setup", args=[QuickSetup.objects.get().pk])))


def test_refused_webhooks_are_told_where_the_numbers_were_set_up(client, account, owner):
    connect_all(client)
    WhatsAppNumber.objects.filter(phone_number_id=FIRST).update(webhooks_refused=3, webhooks_refused_at=timezone.now())
    page = newest_page(client)
    assert "All is set up." not in page
    assert "Tea shop Webhooks that name this number are refused" in page


def test_an_address_that_meta_cannot_reach_is_told_where_the_numbers_were_set_up(client, settings, account, owner):
    assert "All is set up." in text_of(connect_all(client))
    settings.META_GRAPH_URL, settings.PUBLIC_URL = "https://graph.facebook.com", "http://127.0.0.1:8000"
    page = newest_page(client)
    assert "All is set up." not in page
    assert page.count("Meta cannot post to http://127.0.0.1:8000") == 2


def test_what_a_step_tells_is_not_told_again_of_the_number(client, settings, account, owner):
    settings.META_APP_SECRET = ""
    begin(client)
    page = text_of(run(client, FIRST))
    assert page.count("App settings → Basic → App secret") == 1


def test_another_account_can_be_entered_when_this_one_is_not_known(client, account, owner):
    page = begin(client, waba_id="999999999999")
    assert f'<a class="closelink" href="{BEGIN}">Enter another account</a>' in page.text
    assert "Enter another account" not in begin(client).text


def test_an_account_that_meta_does_not_know_is_told_once(client, account, owner):
    page = text_of(begin(client, waba_id="999999999999"))
    assert page.count("Meta does not know this ID") == 1
    assert "Waits for: WhatsApp Business account" in page


def test_what_is_mistyped_is_said_on_its_field(client, meta, owner):
    page = begin(client, waba_id="my account", pin="12")
    assert list(page.context["form"].errors) == ["waba_id", "pin"]
    assert meta.requests == [] and not QuickSetup.objects.exists()


def test_no_secret_is_in_a_page_or_in_the_session(client, account, owner):
    pages = [begin(client, app_secret="the-app-secret", pin="97531"), begin(client, pin="975310"), run(client, SECOND)]
    pages.append(client.get(LIST))
    told = "".join(page.content.decode() for page in pages) + str(dict(client.session))
    for secret in (TOKEN, "the-app-secret", "975310", "97531"):
        assert secret not in told


def test_a_setup_under_way_is_looked_at_again_by_itself(client, account, owner):
    begin(client)
    QuickSetup.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    page = run(client, FIRST)
    assert "running already" in text_of(page) and 'http-equiv="refresh"' in page.content.decode()


def test_nobody_else_sees_a_setup(client, account, owner):
    begin(client)
    address = reverse("admin:whatsapp_whatsappnumber_setup", args=[QuickSetup.objects.get().pk])
    for other in (make_colleague(owner, Role.MANAGER), make_owner()):
        client.force_login(other)
        assert client.get(address).status_code == 404
        assert run(client, FIRST).status_code == 404


def test_a_manager_sets_up_and_an_operator_does_not(client, account, owner):
    client.force_login(make_colleague(owner, Role.MANAGER))
    assert client.get(BEGIN).status_code == 200
    client.force_login(make_colleague(owner, Role.OPERATOR))
    assert client.get(BEGIN).status_code == 403
    assert BEGIN not in client.get(LIST).content.decode()


def test_a_platform_administrator_has_no_business_to_set_up(client, account):
    client.force_login(make_administrator())
    assert client.get(BEGIN).status_code == 403
    assert BEGIN not in client.get(LIST).content.decode()
