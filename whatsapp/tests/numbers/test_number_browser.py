"""Numbers in a real browser: switching by one click, and copying what Meta asks for."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from accounts.testing import make_owner
from whatsapp.models import WhatsAppNumber
from whatsapp.testing import make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = reverse("admin:whatsapp_whatsappnumber_changelist")


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business, name="Shop", messaging_limit="TIER_2K")


@pytest.fixture
def open_page(open_page, owner):
    """Opens an address as the owner."""
    return lambda address, **options: open_page(owner, address, **options)


def change_page(number):
    return reverse("admin:whatsapp_whatsappnumber_change", args=[number.pk])


def is_active():
    return WhatsAppNumber.objects.get().is_active


@pytest.mark.parametrize("width", [1280, 400])
def test_one_click_in_the_list_switches_off_and_one_on_again(open_page, number, width):
    page = open_page(LIST + "?q=Shop", viewport={"width": width, "height": 800})
    for expected in (False, True):
        page.click(".number-switch")
        page.wait_for_selector(".messagelist .success")
        assert is_active() is expected
        assert page.inner_text(".number-switch") == ("on" if expected else "off")
        assert "q=Shop" in page.url
    assert list(LogEntry.objects.values_list("change_message", flat=True)) == ["Switched on.", "Switched off."]


def test_one_click_on_its_page_switches_a_number(open_page, number):
    page = open_page(change_page(number))
    page.get_by_role("button", name="Switch off").click()
    page.get_by_role("button", name="Switch on").wait_for()
    assert not is_active()
    assert not page.is_checked("#id_is_active")
    page.get_by_role("button", name="Switch on").click()
    page.get_by_role("button", name="Switch off").wait_for()
    assert is_active()


def test_what_meta_asks_for_is_copied(open_page, number):
    page = open_page(change_page(number), permissions=["clipboard-read", "clipboard-write"])
    page.click("button[data-copy=verify-token]")
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == number.verify_token


def test_without_permission_it_is_selected(open_page, number):
    page = open_page(change_page(number))
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.click("button[data-copy=verify-token]")
    page.get_by_role("button", name="Selected: press Ctrl+C").wait_for()
    assert page.evaluate("getSelection().toString()") == number.verify_token


def test_on_a_phone_the_list_shows_what_a_number_needs(open_page, number):
    WhatsAppNumber.objects.update(subscribed_apps=[])
    page = open_page(LIST, viewport={"width": 375, "height": 800})
    box = page.locator(".number-need").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 375


@pytest.mark.parametrize("address", [LIST, None, reverse("admin:index")])
def test_nothing_is_wider_than_a_phone(open_page, number, address):
    told = {"until": "2999-01-01T00:00:00+00:00", "what": f"https://business.facebook.com/{'x' * 200}"}
    WhatsAppNumber.objects.update(name="Shop" * 25, subscribed_apps=["App" * 30], alerts={"cannot_send": told})
    page = open_page(address or change_page(number), viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
