"""Deleting a number in a real browser, in Russian: its name is typed, and the page follows the job to the receipt."""

import re

import pytest
from django.urls import reverse

from accounts.deletion import deletion, job
from accounts.models import Deletion
from accounts.testing import make_owner
from accounts.tests.deletion.rows import fill_number
from crm.models import Message
from whatsapp.models import WhatsAppNumber

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner():
    return make_owner(language="ru")


@pytest.fixture
def number(owner, monkeypatch):
    """A number that is deleted by a job, whose worker is away."""
    monkeypatch.setattr(deletion, "MAX_ROWS_AT_ONCE", 0)
    monkeypatch.setattr(job, "BATCH", 8)
    monkeypatch.setattr("accounts.deletion.deletion.wake", lambda job: None)
    return fill_number(owner, "10001", customers=9)


@pytest.fixture
def page(open_page, owner, number):
    """The page that asks before the number is deleted."""
    return open_page(owner, reverse("admin:whatsapp_whatsappnumber_delete", args=[number.pk]))


def test_the_name_is_typed_and_a_bar_leads_to_the_receipt(page, number):
    page.fill(".confirmation input", "Магазин")
    page.click(".deletion-button")
    page.locator(".confirmation .errorlist").wait_for()
    assert WhatsAppNumber.objects.get().is_active

    page.fill(".confirmation input", f" {number.name} ")
    page.click(".deletion-button")
    page.wait_for_url(re.compile("/accounts/deletion/"))
    assert page.locator("progress").get_attribute("value") == "0"
    assert page.get_by_text(number.name).first.is_visible()

    asked = Deletion.objects.get()
    job.advance(asked, seconds=0)
    page.locator("progress:not([value='0'])").wait_for(timeout=10_000)
    job.advance(asked)
    page.locator(".deletion-state.is-done").wait_for(timeout=10_000)
    assert page.locator("progress").count() == 0
    assert page.locator(".deletion tfoot td").inner_text() == str(Deletion.objects.get().total)


def test_what_goes_with_it_is_not_wider_than_a_phone(open_page, owner, number):
    Message.objects.update(text="long" * 60)
    address = reverse("admin:whatsapp_whatsappnumber_delete", args=[number.pk])

    page = open_page(owner, address, viewport={"width": 400, "height": 800})

    assert page.locator("#deleted-objects").get_by_text("longlong").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
