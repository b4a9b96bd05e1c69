"""Quick setup in a real browser, in Russian: from the list of numbers to the connected number."""

import pytest
from django.urls import reverse

from accounts.testing import make_owner
from whatsapp.models import WhatsAppNumber
from whatsapp.simulator.graph import faults
from whatsapp.tests.quick_setup.setting_up import FIRST, SECOND, TOKEN, WABA_ID, make_account

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account(meta):
    return make_account(meta)


@pytest.fixture
def page(open_page, account):
    """The list of numbers, on a phone."""
    owner, address = make_owner(language="ru"), reverse("admin:whatsapp_whatsappnumber_changelist")
    return open_page(owner, address, viewport={"width": 400, "height": 800})


def begin(page, token=TOKEN):
    page.get_by_role("link", name="Быстрая настройка").click()
    page.get_by_label("Токен доступа").fill(token)
    page.get_by_label("ID аккаунта WhatsApp Business (WABA)").fill(WABA_ID)
    page.get_by_role("button", name="Найти номера").click()


def is_wider_than_its_window(page):
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_the_numbers_of_an_account_are_connected(page):
    begin(page)
    page.get_by_text("Найдено: 2").wait_for()
    page.get_by_label("+7 495 123-45-01").uncheck()
    page.get_by_role("button", name="Подключить выбранные номера").click()

    page.get_by_text("Всё настроено.").wait_for()
    assert not is_wider_than_its_window(page)
    page.get_by_role("link", name="Coffee shop").click()
    page.wait_for_url(f"**{reverse('admin:whatsapp_whatsappnumber_change', args=[WhatsAppNumber.objects.get().pk])}")
    assert WhatsAppNumber.objects.get().phone_number_id == SECOND


def test_what_went_wrong_is_told_and_set_right_on_the_page(page, meta, account):
    account[1].pin = "246810"
    meta.faults.on_call("GET", "whatsapp_business_profile", faults.server_error, node=FIRST)
    begin(page, token="EAAwrong")
    page.get_by_text("Meta не принимает токен доступа.").wait_for()
    page.get_by_label("Токен доступа").fill(TOKEN)
    page.get_by_role("button", name="Запустить снова").click()
    page.get_by_role("button", name="Подключить выбранные номера").click()

    page.get_by_text("У номера есть PIN-код двухшаговой проверки.").wait_for()
    assert page.locator(".setup-failed").count() == 2
    assert not is_wider_than_its_window(page)
    page.get_by_label("PIN-код").fill("246810")
    page.get_by_role("button", name="Запустить снова").click()

    page.get_by_text("Всё настроено.").wait_for()
    assert page.locator(".setup-failed").count() == 0
