"""A template made in a real browser: shown while it is typed, submitted, and deleted."""

import pytest
from django.urls import reverse

from accounts.testing import make_owner
from whatsapp.models import MessageTemplate
from whatsapp.testing import make_number

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def number(meta):
    number = make_number(make_owner(language="en").business, name="Shop")
    meta.connect(number)
    return number


@pytest.fixture
def page(open_page, number):
    """The form of a new template."""
    return open_page(number.business.people.get(), reverse("admin:whatsapp_messagetemplate_add"))


def test_a_template_is_made_shown_submitted_and_deleted(page, number, meta):
    assert not page.locator("#id_header_text").is_visible()
    assert not page.locator("#id_code_minutes").is_visible()

    page.fill("#id_name", "Заказ готов")
    page.get_by_role("button", name="zakaz_gotov").click()
    page.fill("#id_body", "Здравствуйте, {{1}}! Заказ готов.")
    page.fill("[name='example-1']", "Анна")
    page.select_option("[name=button-0-kind]", "QUICK_REPLY")
    page.fill("[name=button-0-text]", "Спасибо")
    page.locator("#template-preview", has_text="Здравствуйте, Анна! Заказ готов.").wait_for()
    page.locator("#template-preview .template-button", has_text="Спасибо").wait_for()
    assert page.locator(".template-button-row:visible").count() == 2

    page.click("[name=_save]")
    page.get_by_text("under review at Meta").first.wait_for()
    assert MessageTemplate.objects.get().name == "zakaz_gotov"

    page.click("a.deletelink")
    page.get_by_text("blocks its name for 30 days").wait_for()
    page.click("input[type=submit]")
    page.get_by_text("is deleted. Meta blocks the name").wait_for()
    assert "zakaz_gotov" not in [one["name"] for one in meta.simulator.templates(number.waba_id)]


def test_a_sign_in_code_asks_for_nothing_else(page):

    page.select_option("#id_category", "AUTHENTICATION")

    assert page.locator("#id_code_minutes").is_visible()
    assert not page.locator("#id_body").is_visible()
    page.get_by_text("Meta writes the text in the language").wait_for()
