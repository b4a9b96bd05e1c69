"""A workbook with headings that nobody knows is imported in a real browser, by its page of columns."""

import pytest
from django.urls import reverse

from accounts.testing import make_owner
from crm.models import Customer
from crm.tests.customers.files.workbook_files import workbook

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RAW = workbook(
    Заметки=[["что-то"]],
    Клиенты=[
        ["База клиентов на 1 декабря"],
        ["Покупатель", "Как связаться", "Откуда узнал о нас", "Отписался", "Сумма покупок, ₽"],
        ["Анна Петрова", 79161234567, "Instagram", "нет", 12500.5],
        ["Борис", "+7 916 123-45-68", "От друзей, из длинного рассказа на семейном празднике", "да", 300],
        ["Вера", "нет телефона", None, None, 0],
    ],
)


@pytest.mark.parametrize(
    "options", [{}, {"viewport": {"width": 375, "height": 800}, "java_script_enabled": False, "color_scheme": "dark"}]
)
def test_a_workbook_is_imported_by_its_page_of_columns_and_the_choice_is_used_again(open_page, options):
    owner = make_owner(language="ru")
    page = open_page(owner, reverse("admin:crm_customer_import"), **options)
    send(page)
    page.get_by_text("Укажите, что в столбцах").wait_for()
    assert page.locator("body").evaluate("body => body.scrollWidth <= window.innerWidth")
    page.get_by_label("Сумма покупок").select_option("name")
    check(page)
    page.get_by_text("выбрано для двух столбцов").wait_for()
    page.get_by_label("Сумма покупок").select_option("")
    check(page)
    page.get_by_text("Новые клиенты").wait_for()
    page.get_by_role("button", name="Загрузить").press("Enter")
    page.get_by_text("К клиентам").wait_for()

    imported = Customer.objects.filter(business=owner.business).order_by("phone")
    assert [(customer.name, customer.opted_out) for customer in imported] == [("Анна Петрова", False), ("Борис", True)]
    page.goto(page.url.split("/import/")[0] + "/import/")
    send(page)
    page.get_by_text("как их выбрали раньше").wait_for()
    page.get_by_role("link", name="Столбцы…").click()
    page.get_by_text("Поправьте, если что-то не так").wait_for()


def send(page):
    page.locator("input[type=file]").set_input_files(
        {"name": "Клиенты.xlsx", "mimeType": "application/octet-stream", "buffer": RAW}
    )
    check(page)


def check(page):
    page.get_by_role("button", name="Проверить файл").press("Enter")
