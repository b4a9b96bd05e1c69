"""What pages are called, and how dates and yes and no stand on them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.testing import make_administrator, make_owner
from chatbot_site.words import NEW
from crm.testing import make_customer
from whatsapp.models import WebhookEvent

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 11, 30, 11, 5, tzinfo=UTC)


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_owner(language="ru"), backend="accounts.people.roles.RoleBackend")
    return client


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/admin/", "Обзор"),
        ("/admin/crm/conversation/", "Диалоги"),
        ("/admin/crm/customer/", "Клиенты"),
        ("/admin/crm/customer/add/", "Новый клиент"),
        ("/admin/broadcasts/broadcast/add/", "Новая рассылка"),
        ("/admin/settings/", "Настройки"),
        ("/admin/journal/", "Журнал"),
    ],
)
def test_a_page_is_called_as_people_call_it(client: Client, address: str, title: str) -> None:
    page = client.get(address).content.decode()
    assert f"<h1>{title}</h1>" in page
    assert "Выберите для" not in page and "Администрирование" not in page and "азговор" not in page


def test_the_page_of_a_row_has_its_name(client: Client) -> None:
    owner = make_owner(language="ru")
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    customer = make_customer(owner.business, name="Анна")
    page = client.get(f"/admin/crm/customer/{customer.pk}/change/").content.decode()
    assert "<h1>Анна</h1>" in page and "<title>Анна | Клиенты |" in page


def test_every_model_that_can_be_added_has_a_name_for_a_new_one() -> None:
    addable = {
        model._meta.label_lower
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label in ("accounts", "bots", "broadcasts", "crm", "whatsapp")
        and model_admin.has_add_permission(as_administrator())
    }
    assert addable - set(NEW) == set()


def as_administrator() -> Any:
    request: Any = type("Request", (), {})()
    request.user = make_administrator()
    return request


@pytest.mark.parametrize(("language", "shown"), [("ru", "30.11.2026 14:05"), ("en", "30 Nov 2026, 14:05")])
@pytest.mark.parametrize("style", ["DATETIME_FORMAT", "SHORT_DATETIME_FORMAT"])
def test_dates_have_one_style(language: str, shown: str, style: str) -> None:
    with translation.override(language), timezone.override("Europe/Moscow"):
        assert date_format(timezone.localtime(MOMENT), style) == shown


def test_a_webhook_event_is_named_in_the_time_of_the_business() -> None:
    event = WebhookEvent(field="messages", received_at=MOMENT)
    with translation.override("ru"), timezone.override("Asia/Vladivostok"):
        assert str(event) == "messages · 30.11.2026 21:05"


def test_yes_and_no_are_said_in_words(client: Client) -> None:
    owner = make_owner(language="ru")
    client.force_login(owner, backend="accounts.people.roles.RoleBackend")
    make_customer(owner.business)
    page = client.get("/admin/crm/customer/").content.decode()
    assert '<span class="visually-hidden">Нет</span>' in page and 'alt="False"' not in page


def test_a_field_in_a_list_is_called_by_its_column_and_row(client: Client) -> None:
    assert 'aria-label="Порядок: Новая"' in client.get("/admin/crm/dealstage/").content.decode()


def test_both_fields_of_a_time_have_labels(client: Client) -> None:
    page = client.get("/admin/accounts/apitoken/add/").content.decode()
    assert 'for="id_expiry_0"' in page and 'for="id_expiry_1"' in page
